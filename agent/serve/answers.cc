#include "agent/serve/answers.h"

#include <array>
#include <string>
#include <utility>

#include "agent/model/sysctl.h"
#include "agent/serve/names.h"
#include "agent/serve/node_status.h"
#include "agent/serve/rows.h"
#include "agent/serve/sysctl_summary.h"
#include "agent/serve/utf8.h"
#include "agent/sys/status.h"
#include "base/version.h"

namespace listenq::serve {
namespace {

// Limits of the whole node, which no other namespace has.
constexpr std::array<absl::string_view, 6> kHostLimits = {
    "net.core.netdev_max_backlog",      "net.ipv4.tcp_mem",
    "net.ipv4.tcp_max_orphans",         "net.netfilter.nf_conntrack_max",
    "net.netfilter.nf_conntrack_count", "net.netfilter.nf_conntrack_buckets"};

std::vector<std::string> Strings(const google::protobuf::RepeatedPtrField<std::string>& values) {
  return {values.begin(), values.end()};
}

Examined ExaminedAll(const model::Snapshot& snapshot) {
  Examined examined;
  for (const auto& ns : snapshot.namespaces) {
    ++examined.namespaces;
    examined.listeners += ns->listeners.size();
  }
  return examined;
}

void SampleToProto(const analyze::Sample& sample, v1::HistorySample* proto) {
  ToProto(sample.time, proto->mutable_time());
  proto->set_queue(sample.queue);
  if (sample.sk_drops.has_value()) proto->set_sk_drops(*sample.sk_drops);
  proto->set_drops_min(sample.drops_min);
  proto->set_drops_max(sample.drops_max);
}

void HistoryToProto(const RowContext& context, const analyze::ListenerSamples& history,
                    v1::ListenerHistory* proto) {
  ToProto(context, *history.netns, proto->mutable_netns());
  for (const model::Owner* owner : OwnersOf(history.processes.get(), history.owners.get())) {
    ToProto(*owner, proto->add_owners());
  }
  proto->set_local_address(model::ToString(history.listener.address));
  proto->set_local_port(history.listener.port);
  if (history.listener.v6_only.has_value()) proto->set_v6_only(*history.listener.v6_only);
  if (history.listener.cookie != 0) proto->set_cookie(history.listener.cookie);
  if (history.listener.limit.has_value()) proto->set_limit(*history.listener.limit);
  for (const analyze::Sample& sample : history.samples) SampleToProto(sample, proto->add_samples());
  proto->set_truncated(history.truncated);
  ToProto(history.end, proto->mutable_end_time());
}

void CostToProto(const model::SelfCost& cost, const RecorderUse& recorder, v1::SelfCost* proto) {
  ToProto(cost.cpu_time, proto->mutable_cpu_time());
  if (cost.cpu_percent.has_value()) proto->set_cpu_percent(*cost.cpu_percent);
  if (cost.rss_bytes.has_value()) proto->set_rss_bytes(*cost.rss_bytes);
  if (cost.rss_anon_bytes.has_value()) proto->set_rss_anon_bytes(*cost.rss_anon_bytes);
  if (cost.open_fds.has_value()) proto->set_open_fds(*cost.open_fds);
  if (cost.fd_limit.has_value()) proto->set_fd_limit(*cost.fd_limit);
  proto->set_recorder_bytes(recorder.bytes);
  proto->set_recorder_limit_bytes(recorder.limit_bytes);
}

void HostLimitsToProto(const model::Namespace& host, v1::Node* proto) {
  for (const absl::string_view name : kHostLimits) {
    const std::optional<size_t> position = model::FindSysctl(name);
    if (!position.has_value()) continue;
    const model::SysctlValue value = SysctlOf(host, *position);
    v1::SysctlValue& limit = (*proto->mutable_host_limits())[std::string(name)];
    if (value.value.has_value()) limit.set_value(ValidUtf8(*value.value));
    limit.set_unreadable_reason(ValidUtf8(value.unreadable_reason));
  }
}

void SourceToProto(const model::SourceHealth& source, v1::SourceHealth* proto) {
  proto->set_source(ValidUtf8(source.source));
  proto->set_healthy(source.healthy);
  proto->set_message(ValidUtf8(source.message));
  if (source.last_success > absl::InfinitePast()) {
    ToProto(source.last_success, proto->mutable_last_success_time());
  }
}

void NodeToProto(const model::Snapshot& snapshot, const Examined& examined, v1::Node* proto) {
  const model::NodeInfo& node = snapshot.node;
  proto->set_version(std::string(base::Version()));
  proto->set_kernel_release(node.kernel_release);
  ToProto(node.start_time, proto->mutable_start_time());
  proto->set_namespace_count(static_cast<uint32_t>(examined.namespaces));
  proto->set_listener_count(static_cast<uint32_t>(examined.listeners));
  proto->set_ended_namespace_count(static_cast<uint32_t>(snapshot.ended.size()));
  for (const model::PartError& error : node.errors) {
    v1::PartError* part = proto->add_errors();
    part->set_part(error.part);
    part->set_reason(ValidUtf8(error.reason));
  }
  for (const model::SourceHealth& source : node.sources) SourceToProto(source, proto->add_sources());
  proto->set_boot_id(node.boot_id);
  ToProto(node.last_beat_duration, proto->mutable_last_beat_duration());
  proto->set_late_beats(node.late_beats);
  proto->set_vanished_namespaces(node.vanished_namespaces);
}

}  // namespace

BatchedAnswer<v1::ListListenersResponse> AnswerListeners(const Basis& basis, const Filter& filter,
                                                         const v1::ListListenersRequest& request) {
  ListenerRows selected =
      SelectListeners(*basis.snapshot, filter, request.order_by(), request.limit(), request.include_ended());
  BatchedAnswer<v1::ListListenersResponse> answer;
  answer.row_count = selected.rows.size();
  answer.status = StatusOf(*basis.snapshot, basis.now);
  answer.summary = SummaryOf(selected.examined, selected.rows.size());
  answer.add_row = [snapshot = basis.snapshot, context = basis.row_context(),
                    rows = std::move(selected.rows)](size_t i, v1::ListListenersResponse* message) {
    v1::Listener* row = message->mutable_batch()->add_listeners();
    ToProto(context, *rows[i].ns, *rows[i].listener, row);
    return row->ByteSizeLong();
  };
  return answer;
}

absl::StatusOr<BatchedAnswer<v1::ListNamespacesResponse>> AnswerNamespaces(
    const Basis& basis, const Filter& filter, const v1::ListNamespacesRequest& request) {
  ASSIGN_OR_RETURN(std::vector<size_t> sysctls, SelectSysctls(Strings(request.sysctl_names())));
  const model::Namespace* host = model::HostNamespace(*basis.snapshot);
  NamespaceParts parts{.sysctls = std::move(sysctls),
                       .host_sysctls = host == nullptr ? nullptr : host->sysctls,
                       .counters = CounterSelection(Strings(request.counter_names()))};
  NamespaceRows selected =
      SelectNamespaces(*basis.snapshot, filter, request.limit(), request.include_ended());
  BatchedAnswer<v1::ListNamespacesResponse> answer;
  answer.row_count = selected.rows.size();
  answer.status = StatusOf(*basis.snapshot, basis.now);
  answer.summary = SummaryOf(selected.examined, selected.rows.size());
  answer.add_row = [snapshot = basis.snapshot, context = basis.row_context(), rows = std::move(selected.rows),
                    parts = std::move(parts)](size_t i, v1::ListNamespacesResponse* message) mutable {
    v1::Namespace* row = message->mutable_batch()->add_namespaces();
    ToProto(context, *rows[i], parts, row);
    return row->ByteSizeLong();
  };
  return answer;
}

BatchedAnswer<v1::ListDropsResponse> AnswerDrops(const Basis& basis, const Filter& filter,
                                                 const v1::ListDropsRequest& request,
                                                 std::vector<model::DropEpisode> episodes) {
  Examined examined = ExaminedAll(*basis.snapshot);
  examined.matched = SelectEpisodes(filter, request.limit(), &episodes);
  BatchedAnswer<v1::ListDropsResponse> answer;
  answer.row_count = episodes.size();
  answer.status = StatusOf(*basis.snapshot, basis.now);
  answer.summary = SummaryOf(examined, episodes.size());
  answer.add_row = [context = basis.row_context(), rows = std::move(episodes)](
                       size_t i, v1::ListDropsResponse* message) {
    v1::DropEpisode* row = message->mutable_batch()->add_episodes();
    ToProto(context, rows[i], row);
    return row->ByteSizeLong();
  };
  return answer;
}

BatchedAnswer<v1::GetHistoryResponse> AnswerHistory(const Basis& basis, const Filter& filter,
                                                    std::vector<analyze::ListenerSamples> histories) {
  std::erase_if(histories, [&](const analyze::ListenerSamples& history) { return !filter.Matches(history); });
  Examined examined = ExaminedAll(*basis.snapshot);
  examined.matched = histories.size();
  BatchedAnswer<v1::GetHistoryResponse> answer;
  answer.row_count = histories.size();
  answer.status = StatusOf(*basis.snapshot, basis.now);
  answer.summary = SummaryOf(examined, histories.size());
  answer.add_row = [context = basis.row_context(), rows = std::move(histories)](
                       size_t i, v1::GetHistoryResponse* message) {
    v1::ListenerHistory* row = message->mutable_batch()->add_histories();
    HistoryToProto(context, rows[i], row);
    return row->ByteSizeLong();
  };
  return answer;
}

absl::Status AnswerSysctls(const Basis& basis, const Filter& filter,
                           const v1::SummarizeSysctlsRequest& request,
                           v1::SummarizeSysctlsResponse* response) {
  std::vector<std::string> names = Strings(request.names());
  if (names.empty()) names.emplace_back("*");
  ASSIGN_OR_RETURN(const std::vector<size_t> positions, SelectSysctls(names));
  SummarizeSysctls(basis.row_context(), *basis.snapshot, filter, positions, request.max_samples(), response);
  *response->add_node_statuses() = StatusOf(*basis.snapshot, basis.now);
  return absl::OkStatus();
}

void AnswerNodes(const Basis& basis, const RecorderUse& recorder, v1::ListNodesResponse* response) {
  Examined examined = ExaminedAll(*basis.snapshot);
  examined.matched = 1;
  v1::Node* node = response->add_nodes();
  *node->mutable_status() = StatusOf(*basis.snapshot, basis.now);
  NodeToProto(*basis.snapshot, examined, node);
  CostToProto(basis.snapshot->node.cost, recorder, node->mutable_cost());
  if (const model::Namespace* host = model::HostNamespace(*basis.snapshot)) HostLimitsToProto(*host, node);
  *response->mutable_summary() = SummaryOf(examined, 1);
}

}  // namespace listenq::serve
