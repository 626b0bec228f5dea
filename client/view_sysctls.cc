#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/views.h"
#include "client/words.h"

namespace listenq::client {
namespace {

// By name, so that rows come in order.
using Sysctls = std::map<std::string, const v1::SysctlValue*>;

Sysctls Sorted(const v1::Namespace& row) {
  Sysctls sorted;
  for (const auto& [name, value] : row.sysctls()) sorted[name] = &value;
  return sorted;
}

std::string ValueText(bool has, const std::string& value) { return has ? SysctlValueText(value) : kNone; }

bool IsInVain(const v1::SysctlValue& value) {
  return value.has_value() && value.has_declared() && value.declared() != value.value();
}

// What the value differs from: "host", "default", "declared".
std::string Differs(const std::string& name, const v1::SysctlValue& value) {
  std::vector<std::string> differs;
  if (!value.has_value() || IsCount(name)) return kNone;
  if (value.has_host() && !IsValueOfHost(value.value(), value.host())) differs.emplace_back("host");
  if (value.has_kernel_default() && value.kernel_default() != value.value()) differs.emplace_back("default");
  if (IsInVain(value)) differs.emplace_back("declared");
  return OrNone(absl::StrJoin(differs, ","));
}

// "32768 60999 (declared 20000 60000)".
Cell ValueCell(const v1::SysctlValue& value) {
  const std::string text = ValueText(value.has_value(), value.value());
  if (!IsInVain(value)) return text;
  return {absl::StrCat(text, " (declared ", ValueText(true, value.declared()), ")"), Style::kWarning};
}

std::set<std::string> AllNames(const Answer<v1::Namespace>& answer) {
  std::set<std::string> names;
  for (const auto& item : answer.items) {
    for (const auto& [name, value] : item.row.sysctls()) names.insert(name);
  }
  return names;
}

Table SysctlColumnsTable(const Answer<v1::Namespace>& answer, const std::vector<std::string>& names) {
  Table table;
  table.columns = {{.title = "NODE", .fall_away_rank = 1, .wide_only = !HasSeveralNodes(answer)},
                   {.title = "NETNS", .least_width = 12},
                   {.title = "OWNER", .least_width = 16, .cut_in_the_middle = true}};
  for (const std::string& name : names) table.columns.push_back({.title = name, .least_width = name.size()});
  for (const auto& item : answer.items) {
    std::vector<Cell> cells = {OrNone(item.node_name), NetnsName(item.row.netns()), NamespaceOwner(item.row)};
    for (const std::string& name : names) {
      const auto found = item.row.sysctls().find(name);
      cells.emplace_back(found == item.row.sysctls().end() ? kNone : ValueCell(found->second));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

std::vector<Column> SysctlRowColumns(bool with_node) {
  return {
      {.title = "NODE", .fall_away_rank = 1, .wide_only = !with_node},
      {.title = "NETNS", .least_width = 12},
      {.title = "OWNER", .fall_away_rank = 2, .least_width = 16, .cut_in_the_middle = true},
      {.title = "SYSCTL"},
      {.title = "VALUE", .least_width = 10},
      {.title = "HOST", .fall_away_rank = 4, .least_width = 10},
      {.title = "DEFAULT", .fall_away_rank = 5, .least_width = 10},
      {.title = "DECLARED", .fall_away_rank = 6, .least_width = 10},
      {.title = "DIFFERS", .fall_away_rank = 3},
      {.title = "UNREADABLE", .wide_only = true},
  };
}

Table SysctlRowsTable(const Answer<v1::Namespace>& answer) {
  Table table;
  table.columns = SysctlRowColumns(HasSeveralNodes(answer));
  for (const auto& item : answer.items) {
    for (const auto& [name, value] : Sorted(item.row)) {
      table.rows.push_back({OrNone(item.node_name), NetnsName(item.row.netns()), NamespaceOwner(item.row),
                            name, ValueText(value->has_value(), value->value()),
                            ValueText(value->has_host(), value->host()),
                            ValueText(value->has_kernel_default(), value->kernel_default()),
                            ValueText(value->has_declared(), value->declared()),
                            Cell(Differs(name, *value), IsInVain(*value) ? Style::kWarning : Style::kPlain),
                            OrNone(value->unreadable_reason())});
    }
  }
  return table;
}

// "4096 ✗" where something else was declared; why there is no value.
Cell InForceCell(const v1::SysctlValue& value) {
  if (!value.has_value()) return absl::StrCat("unreadable: ", value.unreadable_reason());
  const std::string text = SysctlValueText(value.value());
  return IsInVain(value) ? Cell(text + " ✗", Style::kWarning) : Cell(text);
}

}  // namespace

bool HasGlob(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return name.find_first_of("*?[") != std::string::npos; });
}

Table SysctlOriginsTable(const std::string& title, const v1::Namespace& row, bool only_differing) {
  std::map<std::pair<bool, std::string>, const v1::SysctlValue*> ordered;
  for (const auto& [name, value] : row.sysctls()) {
    if (!only_differing || Differs(name, value) != kNone) ordered[{!IsInVain(value), name}] = &value;
  }
  Table table;
  table.columns = {{.title = title, .least_width = 28, .cut_in_the_middle = true},
                   {.title = "KERNEL DEFAULT", .fall_away_rank = 2, .least_width = 20},
                   {.title = "HOST", .fall_away_rank = 1, .least_width = 20},
                   {.title = "DECLARED", .least_width = 20},
                   {.title = "IN FORCE", .least_width = 20}};
  for (const auto& [key, value] : ordered) {
    table.rows.push_back({key.second, ValueText(value->has_kernel_default(), value->kernel_default()),
                          ValueText(value->has_host(), value->host()),
                          ValueText(value->has_declared(), value->declared()), InForceCell(*value)});
  }
  return table;
}

Table SysctlsTable(const Answer<v1::Namespace>& answer, const std::vector<std::string>& names, bool wide) {
  constexpr size_t kMostColumns = 3;
  if (wide) return SysctlRowsTable(answer);
  if (answer.items.size() == 1) return SysctlOriginsTable("SYSCTL", answer.items[0].row, false);
  if (!HasGlob(names) && names.size() > 1 && names.size() <= kMostColumns)
    return SysctlColumnsTable(answer, names);
  const std::set<std::string> found = AllNames(answer);
  if (HasGlob(names) && found.size() > 1 && found.size() <= kMostColumns) {
    return SysctlColumnsTable(answer, {found.begin(), found.end()});
  }
  return SysctlRowsTable(answer);
}

std::string NameOf(const v1::SysctlSummary& sysctl) { return absl::StrCat("sysctl/", sysctl.name()); }

}  // namespace listenq::client
