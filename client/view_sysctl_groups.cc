#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/encode.h"
#include "client/sysctl_groups.h"
#include "client/text.h"
#include "client/words.h"

namespace listenq::client {
namespace {

// "shop/api (Deployment, 31 pods)", "shop/web-0", "redis (Container)", "netns blue".
std::string OwnerWords(const Workload& workload, const OwnedNamespaces& owned, bool with_count) {
  const std::pair<std::string, std::string> words = absl::StrSplit(workload.name, absl::MaxSplits(' ', 1));
  const auto& [kind, rest] = words;
  const bool names_itself = kind == "netns" || rest.empty();
  std::vector<std::string> details;
  if (!names_itself && kind != "Pod") details.push_back(kind);
  if (with_count && (kind == "netns" || kind == "Pod" ? owned.count > 1 : true)) {
    const bool pods = !workload.namespace_name.empty();
    details.push_back(pods ? Counted(owned.count, "pod", "pods")
                           : Counted(owned.count, "namespace", "namespaces"));
  }
  return absl::StrCat(workload.namespace_name, workload.namespace_name.empty() ? "" : "/",
                      names_itself ? workload.name : rest, owned.stale ? "*" : "",
                      details.empty() ? "" : absl::StrCat(" (", absl::StrJoin(details, ", "), ")"));
}

// Those with most namespaces first, at most `most`. Of samples there is no number to give.
std::vector<std::string> OwnerList(const SysctlGroup& group, size_t most) {
  std::vector<std::pair<Workload, OwnedNamespaces>> owners(group.owners.begin(), group.owners.end());
  std::stable_sort(owners.begin(), owners.end(),
                   [](const auto& a, const auto& b) { return a.second.count > b.second.count; });
  uint64_t known = 0;
  for (const auto& [workload, owned] : owners) known += owned.count;
  const bool all_known = known == group.namespaces;
  owners.resize(std::min(most, owners.size()));
  std::vector<std::string> list;
  uint64_t listed = 0;
  for (const auto& [workload, owned] : owners) {
    list.push_back(OwnerWords(workload, owned, all_known));
    listed += owned.count;
  }
  const uint64_t rest = group.namespaces - std::min(group.namespaces, listed);
  if (rest > 0) list.push_back(absl::StrCat(FormatCount(rest), " more"));
  return list;
}

// Why there is no value, then whose the namespaces are.
std::string OwnersText(const SysctlGroup& group) {
  constexpr size_t kMost = 6;
  std::vector<std::string> parts;
  if (!group.value) parts.push_back(group.unreadable_reason);
  if (!group.is_most_frequent) parts.push_back(absl::StrJoin(OwnerList(group, kMost), ", "));
  return OrNone(absl::StrJoin(parts, " · "));
}

std::string SameAs(const SysctlGroup& group) {
  std::vector<std::string> same;
  if (group.is_host) same.emplace_back("host");
  if (group.is_default) same.emplace_back("default");
  return OrNone(absl::StrJoin(same, ","));
}

std::string WorkloadText(const SysctlGroup& group) {
  const bool stale = std::any_of(group.owners.begin(), group.owners.end(),
                                 [](const auto& owner) { return owner.second.stale; });
  return absl::StrCat(group.workload.name, stale ? "*" : "");
}

std::vector<Cell> RowOf(const SysctlGroup& group, SysctlGrouping grouping) {
  std::vector<Cell> cells = {group.name};
  if (grouping == SysctlGrouping::kNode) cells.emplace_back(OrNone(group.node_name));
  if (grouping == SysctlGrouping::kWorkload) {
    cells.emplace_back(OrNone(group.workload.namespace_name));
    cells.emplace_back(WorkloadText(group));
  }
  cells.emplace_back(group.value ? SysctlValueText(*group.value) : "unreadable");
  cells.emplace_back(SameAs(group));
  cells.emplace_back(absl::StrCat(FormatCount(group.namespaces), " of ", FormatCount(group.of)));
  const bool by_workload = grouping == SysctlGrouping::kWorkload;
  cells.emplace_back(by_workload ? OrNone(group.unreadable_reason) : OwnersText(group));
  return cells;
}

std::vector<Column> ColumnsOf(SysctlGrouping grouping) {
  std::vector<Column> columns = {{.title = "SYSCTL", .least_width = 30, .cut_in_the_middle = true}};
  if (grouping == SysctlGrouping::kNode) {
    columns.push_back({.title = "NODE", .least_width = 12, .cut_in_the_middle = true});
  }
  if (grouping == SysctlGrouping::kWorkload) {
    columns.push_back(
        {.title = "NAMESPACE", .fall_away_rank = 2, .least_width = 11, .cut_in_the_middle = true});
    columns.push_back({.title = "WORKLOAD", .least_width = 20, .cut_in_the_middle = true});
  }
  columns.push_back({.title = "VALUE", .least_width = 20});
  columns.push_back({.title = "SAME AS", .fall_away_rank = 1});
  columns.push_back({.title = "COUNT", .right_aligned = true});
  const bool by_workload = grouping == SysctlGrouping::kWorkload;
  columns.push_back({.title = by_workload ? "UNREADABLE" : "OWNERS", .least_width = 24});
  return columns;
}

const char* BoolText(bool value) { return value ? "true" : "false"; }

}  // namespace

Table SysctlGroupsTable(const std::vector<SysctlGroup>& groups, SysctlGrouping grouping) {
  Table table;
  table.columns = ColumnsOf(grouping);
  for (const SysctlGroup& group : groups) table.rows.push_back(RowOf(group, grouping));
  return table;
}

std::string SysctlGroupsCsv(const std::vector<SysctlGroup>& groups, bool headers) {
  std::string csv = headers ? "name,nodeName,namespace,workload,value,unreadableReason,namespaces,of,isHost,"
                              "isKernelDefault,owners\n"
                            : "";
  for (const SysctlGroup& group : groups) {
    const size_t all = group.is_most_frequent ? 0 : group.owners.size();
    csv += CsvLine({group.name, group.node_name, group.workload.namespace_name, group.workload.name,
                    group.value.value_or(""), group.unreadable_reason, absl::StrCat(group.namespaces),
                    absl::StrCat(group.of), BoolText(group.is_host), BoolText(group.is_default),
                    all == 0 ? "" : absl::StrJoin(OwnerList(group, all), ";")});
  }
  return csv;
}

}  // namespace listenq::client
