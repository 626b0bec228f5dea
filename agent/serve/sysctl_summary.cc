#include "agent/serve/sysctl_summary.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>

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

void SampleToProto(const RowContext& context, const model::Snapshot& snapshot, const model::Namespace& ns,
                   v1::SysctlSample* proto) {
  proto->set_node_name(snapshot.node.name);
  ToProto(context, *ns.id, proto->mutable_netns());
  for (const model::Owner* owner : NamespaceOwners(ns.owners.get())) ToProto(*owner, proto->add_owners());
}

v1::SysctlValueCount ValueToProto(const RowContext& context, const model::Snapshot& snapshot,
                                  const Value& value, size_t max_samples) {
  v1::SysctlValueCount proto;
  if (value.value.value.has_value()) proto.set_value(ValidUtf8(*value.value.value));
  proto.set_unreadable_reason(ValidUtf8(value.value.unreadable_reason));
  proto.set_namespace_count(value.namespaces.size());
  const size_t samples = std::min(max_samples, value.namespaces.size());
  for (size_t i = 0; i < samples; ++i) {
    SampleToProto(context, snapshot, *value.namespaces[i], proto.add_samples());
  }
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
    size_t bytes = 0;
    for (const Value& value : CountValues(selected.rows, position)) {
      v1::SysctlValueCount proto = ValueToProto(context, snapshot, value, samples);
      bytes += proto.ByteSizeLong();
      if (bytes > bytes_each) {
        truncated = true;
        break;
      }
      *sysctl->add_values() = std::move(proto);
    }
  }
  *response->mutable_summary() = SummaryOf(selected.examined, selected.rows.size());
  response->mutable_summary()->set_truncated(truncated);
}

}  // namespace listenq::serve
