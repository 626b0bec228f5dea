#include "agent/serve/sysctl_summary.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/string_view.h"
#include "agent/model/sysctl.h"
#include "agent/serve/node_status.h"
#include "agent/serve/ownership.h"
#include "agent/serve/utf8.h"

namespace listenq::serve {
namespace {

using Namespaces = std::vector<const model::Namespace*>;

// A value, or the reason why there is none, and who has it.
struct Value {
  model::SysctlValue value;
  Namespaces namespaces;
};

std::vector<Value> CountValues(const Namespaces& namespaces, size_t position) {
  std::map<std::pair<std::optional<std::string>, std::string>, Value> by_value;
  for (const model::Namespace* ns : namespaces) {
    model::SysctlValue value = SysctlOf(*ns, position);
    Value& entry = by_value[{value.value, value.unreadable_reason}];
    entry.value = std::move(value);
    entry.namespaces.push_back(ns);
  }
  std::vector<Value> values;
  values.reserve(by_value.size());
  for (auto& [key, value] : by_value) values.push_back(std::move(value));
  std::stable_sort(values.begin(), values.end(),
                   [](const Value& a, const Value& b) { return a.namespaces.size() > b.namespaces.size(); });
  return values;
}

// Namespaces of the same workload, or pod, or container, have the same.
std::pair<absl::string_view, absl::string_view> OwnerKey(const model::Namespace& ns) {
  const OwnerRefs owners = NamespaceOwners(ns.owners.get());
  if (owners.empty()) return {};
  const model::Owner& owner = *owners.front();
  for (const std::string* name : {&owner.workload, &owner.pod, &owner.container}) {
    if (!name->empty()) return {owner.namespace_name, *name};
  }
  return {};
}

// One of each owner, before anybody has a second.
Namespaces Samples(const Namespaces& namespaces, size_t most) {
  std::set<std::pair<absl::string_view, absl::string_view>> seen;
  Namespaces samples;
  Namespaces others;
  for (const model::Namespace* ns : namespaces) {
    if (samples.size() == most) return samples;
    (seen.insert(OwnerKey(*ns)).second ? samples : others).push_back(ns);
  }
  others.resize(std::min(others.size(), most - samples.size()));
  samples.insert(samples.end(), others.begin(), others.end());
  return samples;
}

v1::SysctlSample SampleToProto(const RowContext& context, const model::Snapshot& snapshot,
                               const model::Namespace& ns) {
  v1::SysctlSample proto;
  proto.set_node_name(snapshot.node.name);
  ToProto(context, *ns.id, proto.mutable_netns());
  for (const model::Owner* owner : NamespaceOwners(ns.owners.get())) ToProto(*owner, proto.add_owners());
  return proto;
}

v1::SysctlValueCount ValueToProto(const Value& value) {
  v1::SysctlValueCount proto;
  if (value.value.value.has_value()) proto.set_value(ValidUtf8(*value.value.value));
  proto.set_unreadable_reason(ValidUtf8(value.value.unreadable_reason));
  proto.set_namespace_count(value.namespaces.size());
  return proto;
}

v1::SysctlSummary SysctlHead(const model::Namespace* host, size_t position) {
  v1::SysctlSummary proto;
  const model::SysctlInfo& info = model::SysctlTable()[position];
  proto.set_name(std::string(info.name));
  if (!info.kernel_default.empty()) proto.set_kernel_default(std::string(info.kernel_default));
  const std::string* host_value = host == nullptr ? nullptr : ValueOf(host->sysctls.get(), position);
  if (host_value != nullptr) proto.set_host(ValidUtf8(*host_value));
  return proto;
}

// Counts come before samples, and samples of what few have before those of what most have. False when the
// counts alone are over the bound.
bool AddValues(const RowContext& context, const model::Snapshot& snapshot, const std::vector<Value>& values,
               size_t max_samples, size_t max_bytes, v1::SysctlSummary* proto) {
  size_t bytes = 0;
  bool complete = true;
  for (const Value& value : values) {
    v1::SysctlValueCount count = ValueToProto(value);
    bytes += count.ByteSizeLong();
    complete = bytes <= max_bytes;
    if (!complete) break;
    *proto->add_values() = std::move(count);
  }
  for (int i = proto->values_size() - 1; i >= 0; --i) {
    for (const model::Namespace* ns : Samples(values[i].namespaces, max_samples)) {
      v1::SysctlSample sample = SampleToProto(context, snapshot, *ns);
      bytes += sample.ByteSizeLong();
      if (bytes > max_bytes) return complete;
      *proto->mutable_values(i)->add_samples() = std::move(sample);
    }
  }
  return complete;
}

}  // namespace

void SummarizeSysctls(const RowContext& context, const model::Snapshot& snapshot, const Filter& filter,
                      const std::vector<size_t>& positions, uint32_t max_samples,
                      v1::SummarizeSysctlsResponse* response) {
  const NamespaceRows selected = SelectNamespaces(snapshot, filter, 0, false);
  const size_t samples = max_samples == 0 ? kDefaultSysctlSamples : std::min(max_samples, kMaxSysctlSamples);
  // Each sysctl has its own part, so that one with a thousand values takes nothing from the others.
  const size_t bytes_each = kMaxSysctlSummaryBytes / std::max(positions.size(), size_t{1});
  const model::Namespace* host = model::HostNamespace(snapshot);
  bool truncated = false;
  for (const size_t position : positions) {
    v1::SysctlSummary* sysctl = response->add_sysctls();
    *sysctl = SysctlHead(host, position);
    const std::vector<Value> values = CountValues(selected.rows, position);
    if (!AddValues(context, snapshot, values, samples, bytes_each, sysctl)) truncated = true;
  }
  *response->mutable_summary() = SummaryOf(selected.examined, selected.rows.size());
  response->mutable_summary()->set_truncated(truncated);
}

}  // namespace listenq::serve
