#include "aggregator/merge.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "aggregator/answer_parts.h"

namespace listenq::aggregator {
namespace {

constexpr uint32_t kDefaultSamples = 5;

// A value, or the reason why there is none.
using ValueKey = std::pair<std::optional<std::string>, std::string>;

struct MergedValue {
  uint64_t namespaces = 0;
  // Of each peer that has any.
  std::vector<google::protobuf::RepeatedPtrField<v1::SysctlSample>> samples;
};

struct MergedSysctl {
  // Of the first peer that knows it.
  v1::SysctlSummary head;
  std::map<ValueKey, MergedValue> values;
};

void AddSummary(v1::SysctlSummary summary, MergedSysctl* merged, bool is_first) {
  for (v1::SysctlValueCount& count : *summary.mutable_values()) {
    const ValueKey key = {count.has_value() ? std::optional(count.value()) : std::nullopt,
                          count.unreadable_reason()};
    MergedValue& value = merged->values[key];
    value.namespaces += count.namespace_count();
    value.samples.push_back(std::move(*count.mutable_samples()));
  }
  summary.clear_values();
  if (is_first) {
    merged->head = std::move(summary);
    return;
  }
  // Absent from here on where nodes differ.
  if (merged->head.has_host() && merged->head.host() != summary.host()) merged->head.clear_host();
  if (merged->head.has_kernel_default() && merged->head.kernel_default() != summary.kernel_default()) {
    merged->head.clear_kernel_default();
  }
}

// One of each peer, before any has a second.
void AddSamples(MergedValue* value, size_t most, v1::SysctlValueCount* count) {
  for (int round = 0;; ++round) {
    bool found = false;
    for (auto& samples : value->samples) {
      if (static_cast<size_t>(count->samples_size()) == most) return;
      if (round >= samples.size()) continue;
      *count->add_samples() = std::move(samples[round]);
      found = true;
    }
    if (!found) return;
  }
}

void ToProto(MergedSysctl* merged, size_t max_samples, v1::SysctlSummary* proto) {
  *proto = std::move(merged->head);
  for (auto& [key, value] : merged->values) {
    v1::SysctlValueCount* count = proto->add_values();
    if (key.first.has_value()) count->set_value(*key.first);
    count->set_unreadable_reason(key.second);
    count->set_namespace_count(value.namespaces);
    AddSamples(&value, max_samples, count);
  }
  std::stable_sort(proto->mutable_values()->begin(), proto->mutable_values()->end(),
                   [](const auto& a, const auto& b) { return a.namespace_count() > b.namespace_count(); });
}

// The parts that every one of these answers has. OK where the peer answered as it should.
template <typename Response>
grpc::Status TakeParts(const PeerAnswer<Response>& answer, AnswerParts* parts) {
  PeerParts of_peer;
  grpc::Status status = answer.status;
  if constexpr (requires { answer.response->mutable_node_statuses(); }) {
    for (v1::NodeStatus& one : *answer.response->mutable_node_statuses()) {
      if (status.ok()) status = of_peer.TakeStatus(*answer.peer, std::move(one));
    }
  }
  if (answer.response->has_summary()) of_peer.summary = answer.response->summary();
  parts->Add(*answer.peer, std::move(of_peer), status);
  return status;
}

template <typename Response>
grpc::Status Finish(const AnswerParts& parts, Response* merged) {
  if constexpr (requires { merged->mutable_node_statuses(); }) {
    for (const v1::NodeStatus& status : parts.statuses()) *merged->add_node_statuses() = status;
  }
  *merged->mutable_summary() = parts.summary();
  return parts.End();
}

}  // namespace

grpc::Status MergeSysctls(const Fleet& fleet, const PeerAnswers<v1::SummarizeSysctlsResponse>& answers,
                          uint32_t max_samples, v1::SummarizeSysctlsResponse* merged) {
  AnswerParts parts(fleet);
  std::vector<MergedSysctl> sysctls;  // in the order of the first peer that knows them
  std::map<std::string, size_t> positions;
  for (const auto& answer : answers) {
    if (!TakeParts(answer, &parts).ok()) continue;
    for (v1::SysctlSummary& summary : *answer.response->mutable_sysctls()) {
      const auto [position, is_new] = positions.try_emplace(summary.name(), sysctls.size());
      if (is_new) sysctls.emplace_back();
      AddSummary(std::move(summary), &sysctls[position->second], is_new);
    }
    parts.AddReturned(answer.response->summary().rows_returned());
  }
  const size_t most = max_samples == 0 ? kDefaultSamples : max_samples;
  for (MergedSysctl& sysctl : sysctls) ToProto(&sysctl, most, merged->add_sysctls());
  return Finish(parts, merged);
}

grpc::Status MergeConnections(const Fleet& fleet,
                              const PeerAnswers<v1::SummarizeConnectionsResponse>& answers,
                              v1::SummarizeConnectionsResponse* merged) {
  AnswerParts parts(fleet);
  for (const auto& answer : answers) {
    if (!TakeParts(answer, &parts).ok()) continue;
    for (auto& row : *answer.response->mutable_connections()) *merged->add_connections() = std::move(row);
    parts.AddReturned(answer.response->summary().rows_returned());
  }
  return Finish(parts, merged);
}

grpc::Status MergeNodes(const Fleet& fleet, const PeerAnswers<v1::ListNodesResponse>& answers,
                        v1::ListNodesResponse* merged) {
  AnswerParts parts(fleet);
  for (const auto& answer : answers) {
    grpc::Status status = answer.status;
    for (const v1::Node& node : answer.response->nodes()) {
      if (status.ok()) status = CheckNodeName(*answer.peer, node.status().node_name());
    }
    PeerParts of_peer;
    if (answer.response->has_summary()) of_peer.summary = answer.response->summary();
    parts.Add(*answer.peer, std::move(of_peer), status);
    if (status.ok()) {
      if (answer.response->nodes_size() == 1)
        answer.peer->NoteNode(answer.response->nodes(0).status().node_name());
      for (auto& node : *answer.response->mutable_nodes()) *merged->add_nodes() = std::move(node);
    } else {
      *merged->add_nodes()->mutable_status() = FailedStatus(*answer.peer, status);
    }
  }
  for (const AbsentNode& node : fleet.absent) *merged->add_nodes()->mutable_status() = AbsentStatus(node);
  parts.AddReturned(static_cast<size_t>(merged->nodes_size()));
  return Finish(parts, merged);
}

}  // namespace listenq::aggregator
