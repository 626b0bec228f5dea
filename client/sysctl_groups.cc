#include "client/sysctl_groups.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/words.h"

namespace listenq::client {
namespace {

// A value, or why there is none.
using Value = std::pair<std::optional<std::string>, std::string>;

Value ValueOf(const SysctlGroup& group) { return {group.value, group.unreadable_reason}; }

// One sysctl in the whole answer.
struct Sysctl {
  size_t position = 0;
  std::map<Value, uint64_t> counts;
  bool is_host_everywhere = true;

  [[nodiscard]] uint64_t CountOf(const SysctlGroup& group) const { return counts.at(ValueOf(group)); }

  [[nodiscard]] bool IsMostFrequent(const SysctlGroup& group) const {
    const uint64_t count = CountOf(group);
    return std::count_if(counts.begin(), counts.end(),
                         [&](const auto& entry) { return entry.second >= count; }) == 1;
  }

  // 0: a few differ from most, 1: there is no value that most have, 2: nobody differs.
  [[nodiscard]] int Rank() const {
    uint64_t total = 0;
    uint64_t most = 0;
    size_t values = 0;
    for (const auto& [value, count] : counts) {
      if (!value.first) continue;
      ++values;
      total += count;
      most = std::max(most, count);
    }
    if (values < 2 || is_host_everywhere) return 2;
    return most * 2 > total ? 0 : 1;
  }
};

std::map<std::string, Sysctl> SysctlsOf(const std::vector<SysctlGroup>& groups) {
  std::map<std::string, Sysctl> sysctls;
  for (const SysctlGroup& group : groups) {
    const auto [sysctl, is_new] = sysctls.try_emplace(group.name);
    if (is_new) sysctl->second.position = sysctls.size();
    sysctl->second.counts[ValueOf(group)] += group.namespaces;
    if (group.value && !group.is_host && !IsCount(group.name)) sysctl->second.is_host_everywhere = false;
  }
  return sysctls;
}

std::vector<SysctlGroup> InOrder(std::vector<SysctlGroup> groups, size_t limit) {
  const std::map<std::string, Sysctl> sysctls = SysctlsOf(groups);
  for (SysctlGroup& group : groups) group.is_most_frequent = sysctls.at(group.name).IsMostFrequent(group);
  const auto key = [&](const SysctlGroup& group) {
    const Sysctl& sysctl = sysctls.at(group.name);
    return std::make_tuple(sysctl.Rank(), sysctl.position, group.is_most_frequent, !group.value.has_value(),
                           sysctl.CountOf(group), ValueOf(group), -static_cast<int64_t>(group.namespaces),
                           group.workload, group.node_name);
  };
  std::sort(groups.begin(), groups.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  if (limit > 0 && groups.size() > limit) groups.resize(limit);
  return groups;
}

// A process gives its name to a namespace that has none.
Workload WorkloadOfNamespace(const Owners& owners, const v1::Netns& netns) {
  const bool has_name = netns.host() || !netns.names().empty();
  const bool has_process = !owners.empty() && owners.Get(0).has_process();
  return WorkloadOf(owners, has_process && !has_name ? owners.Get(0).process().comm() : "", netns);
}

void AddOwner(const Owners& owners, const v1::Netns& netns, SysctlGroup& group) {
  OwnedNamespaces& owned = group.owners[WorkloadOfNamespace(owners, netns)];
  ++owned.count;
  owned.stale = owned.stale || IsStale(owners);
}

SysctlGroup GroupOf(const v1::SysctlSummary& sysctl, const v1::SysctlValueCount& count) {
  SysctlGroup group;
  group.name = sysctl.name();
  group.unreadable_reason = count.unreadable_reason();
  group.namespaces = count.namespace_count();
  for (const auto& of_one : sysctl.values()) group.of += of_one.namespace_count();
  for (const auto& sample : count.samples()) AddOwner(sample.owners(), sample.netns(), group);
  if (!count.has_value()) return group;
  group.value = count.value();
  group.is_host = sysctl.has_host() && IsValueOfHost(count.value(), sysctl.host());
  group.is_default = sysctl.has_kernel_default() && count.value() == sysctl.kernel_default();
  return group;
}

void AddValue(const v1::SysctlValue& value, SysctlGroup& group) {
  const bool is_first = group.namespaces++ == 0;
  if (!value.has_value()) return;
  group.is_host =
      (is_first || group.is_host) && value.has_host() && IsValueOfHost(value.value(), value.host());
  group.is_default =
      (is_first || group.is_default) && value.has_kernel_default() && value.value() == value.kernel_default();
}

}  // namespace

std::vector<SysctlGroup> GroupSysctls(const Answer<v1::SysctlSummary>& answer, size_t limit) {
  std::vector<SysctlGroup> groups;
  for (const auto& item : answer.items) {
    for (const auto& count : item.row.values()) groups.push_back(GroupOf(item.row, count));
  }
  return InOrder(std::move(groups), limit);
}

std::vector<SysctlGroup> GroupSysctls(const Answer<v1::Namespace>& answer, SysctlGrouping grouping,
                                      size_t limit) {
  using Key = std::tuple<std::string, Workload, std::string>;  // sysctl, workload, node
  std::map<std::pair<Key, Value>, SysctlGroup> groups;
  std::map<Key, uint64_t> of;
  for (const auto& item : answer.items) {
    const v1::Namespace& row = item.row;
    const bool by_node = grouping == SysctlGrouping::kNode;
    const Workload workload = by_node ? Workload() : WorkloadOfNamespace(row.owners(), row.netns());
    for (const auto& [name, value] : row.sysctls()) {
      const Key key = {name, workload, by_node ? item.node_name : ""};
      Value with_reason = {std::nullopt, value.unreadable_reason()};
      if (value.has_value()) with_reason = {value.value(), ""};
      SysctlGroup& group = groups[{key, with_reason}];
      std::tie(group.name, group.workload, group.node_name) = key;
      std::tie(group.value, group.unreadable_reason) = with_reason;
      AddValue(value, group);
      AddOwner(row.owners(), row.netns(), group);
      ++of[key];
    }
  }
  std::vector<SysctlGroup> in_order;
  in_order.reserve(groups.size());
  for (auto& [key, group] : groups) {
    group.of = of[key.first];
    in_order.push_back(std::move(group));
  }
  return InOrder(std::move(in_order), limit);
}

}  // namespace listenq::client
