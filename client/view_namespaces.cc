#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/text.h"
#include "client/views.h"
#include "client/words.h"

namespace listenq::client {
namespace {

// What the host's namespace counts and sets is nobody's but the node's, whoever lives there.
std::string OwnerOf(const v1::Namespace& row) {
  return row.netns().host() ? kNone : MarkStale(OwnerName(row.owners()), row.owners());
}

std::string WorstQueue(const v1::Namespace& row) {
  if (!row.has_worst_listener()) return kNone;
  const v1::Listener& worst = row.worst_listener();
  return absl::StrCat(OptionalNumber(worst.has_queue(), worst.queue()), "/",
                      OptionalNumber(worst.has_limit(), worst.limit()), " ", ListenAddress(worst));
}

std::string Ports(const v1::Namespace& row) {
  if (!row.has_ephemeral_first() || !row.has_ephemeral_last()) return kNone;
  return absl::StrCat(row.ephemeral_first(), "-", row.ephemeral_last());
}

std::string StatusOf(const v1::Namespace& row, absl::Time now) {
  if (row.has_ended_time()) return absl::StrCat("ended ", AgeOf(true, row.ended_time(), now), " ago");
  if (!row.not_observable_reason().empty()) return row.not_observable_reason();
  std::vector<std::string> parts;
  for (const v1::PartError& error : row.errors())
    parts.push_back(absl::StrCat(error.part(), ": ", error.reason()));
  if (row.listeners_truncated()) parts.emplace_back("more listeners than are kept");
  return OrNone(absl::StrJoin(parts, "; "));
}

Style WorstStyle(const v1::Namespace& row) {
  return row.has_worst_listener() && IsFull(row.worst_listener()) ? Style::kCritical : Style::kPlain;
}

std::vector<Column> NamespaceColumns(bool with_node) {
  return {
      {.title = "NODE", .fall_away_rank = 3, .wide_only = !with_node},
      {.title = "NETNS", .least_width = 12},
      {.title = "OWNER", .least_width = 24, .cut_in_the_middle = true},
      {.title = "LISTENERS", .right_aligned = true, .fall_away_rank = 4},
      {.title = "WORST QUEUE", .least_width = 21, .cut_in_the_middle = true},
      {.title = "DROPS", .right_aligned = true},
      {.title = "TIME_WAIT", .right_aligned = true, .fall_away_rank = 5},
      {.title = "PORTS", .fall_away_rank = 6},
      {.title = "PROCESSES", .right_aligned = true, .fall_away_rank = 7},
      {.title = "SEEN", .right_aligned = true, .fall_away_rank = 8},
      {.title = "STATUS", .fall_away_rank = 2, .least_width = 15},
      {.title = "FULL", .right_aligned = true, .wide_only = true},
      {.title = "OVERFLOWS", .right_aligned = true, .wide_only = true},
      {.title = "DROPS BEFORE", .right_aligned = true, .wide_only = true},
      {.title = "LAST DROP", .right_aligned = true, .wide_only = true},
      {.title = "IN USE", .right_aligned = true, .wide_only = true},
      {.title = "IN USE 6", .right_aligned = true, .wide_only = true},
      {.title = "INODE", .right_aligned = true, .wide_only = true},
      {.title = "CONTAINERS", .wide_only = true},
  };
}

std::string OptionalCount(bool has, uint64_t value) { return has ? FormatCount(value) : kNone; }

// What the node's kernel shows of a guest kernel's sockets is nothing: no number of it stands in a table.
v1::Namespace WithoutNumbers(const v1::Namespace& row) {
  v1::Namespace blind = row;
  blind.clear_listener_count();
  blind.clear_full_listener_count();
  blind.clear_worst_listener();
  blind.clear_listen_drops();
  blind.clear_listen_overflows();
  blind.clear_listen_drops_before();
  blind.clear_last_drop_time();
  blind.clear_time_wait();
  blind.clear_in_use();
  blind.clear_in_use6();
  blind.clear_ephemeral_first();
  blind.clear_ephemeral_last();
  return blind;
}

std::vector<Cell> NamespaceRow(const std::string& node_name, const v1::Namespace& row, absl::Time now) {
  return {
      OrNone(node_name),
      NetnsName(row.netns()),
      OwnerOf(row),
      OptionalNumber(row.has_listener_count(), row.listener_count()),
      Cell(WorstQueue(row), WorstStyle(row)),
      OptionalCount(row.has_listen_drops(), row.listen_drops()),
      OptionalCount(row.has_time_wait(), row.time_wait()),
      Ports(row),
      OptionalNumber(row.has_process_count(), row.process_count()),
      AgeOf(row.netns().has_first_seen_time(), row.netns().first_seen_time(), now),
      StatusOf(row, now),
      OptionalNumber(row.has_full_listener_count(), row.full_listener_count()),
      OptionalCount(row.has_listen_overflows(), row.listen_overflows()),
      OptionalCount(row.has_listen_drops_before(), row.listen_drops_before()),
      AgeOf(row.has_last_drop_time(), row.last_drop_time(), now),
      OptionalCount(row.has_in_use(), row.in_use()),
      OptionalCount(row.has_in_use6(), row.in_use6()),
      std::to_string(row.netns().inode()),
      ContainerOf(row.owners()),
  };
}

// By name, so that rows come in order.
using Sysctls = std::map<std::string, const v1::SysctlValue*>;

Sysctls Sorted(const v1::Namespace& row) {
  Sysctls sorted;
  for (const auto& [name, value] : row.sysctls()) sorted[name] = &value;
  return sorted;
}

// An empty line is a value.
std::string ValueText(bool has, const std::string& value) {
  if (!has) return kNone;
  return value.empty() ? "\"\"" : value;
}

bool DiffersFromDeclared(const v1::SysctlValue& value) {
  return value.has_value() && value.has_declared() && value.declared() != value.value();
}

// What the value differs from: "host", "default", "declared".
std::string Differs(const v1::SysctlValue& value) {
  std::vector<std::string> differs;
  if (!value.has_value()) return kNone;
  if (value.has_host() && value.host() != value.value()) differs.emplace_back("host");
  if (value.has_kernel_default() && value.kernel_default() != value.value()) differs.emplace_back("default");
  if (DiffersFromDeclared(value)) differs.emplace_back("declared");
  return OrNone(absl::StrJoin(differs, ","));
}

// "32768 60999 (declared 20000 60000)".
Cell ValueCell(const v1::SysctlValue& value) {
  const std::string text = ValueText(value.has_value(), value.value());
  if (!DiffersFromDeclared(value)) return text;
  return {absl::StrCat(text, " (declared ", ValueText(true, value.declared()), ")"), Style::kWarning};
}

std::set<std::string> AllNames(const Answer<v1::Namespace>& answer) {
  std::set<std::string> names;
  for (const auto& item : answer.items) {
    for (const auto& [name, value] : item.row.sysctls()) names.insert(name);
  }
  return names;
}

bool HasGlob(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return name.find_first_of("*?[") != std::string::npos; });
}

Table SysctlColumnsTable(const Answer<v1::Namespace>& answer, const std::vector<std::string>& names) {
  Table table;
  table.columns = {{.title = "NODE", .fall_away_rank = 1, .wide_only = !HasSeveralNodes(answer)},
                   {.title = "NETNS", .least_width = 12},
                   {.title = "OWNER", .least_width = 16, .cut_in_the_middle = true}};
  for (const std::string& name : names) table.columns.push_back({.title = name, .least_width = name.size()});
  for (const auto& item : answer.items) {
    std::vector<Cell> cells = {OrNone(item.node_name), NetnsName(item.row.netns()), OwnerOf(item.row)};
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
      table.rows.push_back(
          {OrNone(item.node_name), NetnsName(item.row.netns()), OwnerOf(item.row), name,
           ValueText(value->has_value(), value->value()), ValueText(value->has_host(), value->host()),
           ValueText(value->has_kernel_default(), value->kernel_default()),
           ValueText(value->has_declared(), value->declared()),
           Cell(Differs(*value), DiffersFromDeclared(*value) ? Style::kWarning : Style::kPlain),
           OrNone(value->unreadable_reason())});
    }
  }
  return table;
}

}  // namespace

Table NamespacesTable(const Answer<v1::Namespace>& answer, const ViewContext& context) {
  Table table;
  table.columns = NamespaceColumns(HasSeveralNodes(answer));
  for (const auto& item : answer.items) {
    const bool blind = !item.row.not_observable_reason().empty();
    table.rows.push_back(
        NamespaceRow(item.node_name, blind ? WithoutNumbers(item.row) : item.row, context.now));
  }
  return table;
}

Table SysctlsTable(const Answer<v1::Namespace>& answer, const std::vector<std::string>& names, bool wide) {
  constexpr size_t kMostColumns = 3;
  if (wide) return SysctlRowsTable(answer);
  if (!HasGlob(names) && names.size() > 1 && names.size() <= kMostColumns)
    return SysctlColumnsTable(answer, names);
  const std::set<std::string> found = AllNames(answer);
  if (HasGlob(names) && found.size() > 1 && found.size() <= kMostColumns) {
    return SysctlColumnsTable(answer, {found.begin(), found.end()});
  }
  return SysctlRowsTable(answer);
}

std::string NameOf(const v1::Namespace& row) { return absl::StrCat("netns/", row.netns().inode()); }

}  // namespace listenq::client
