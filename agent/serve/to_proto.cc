#include "agent/serve/to_proto.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "agent/model/sysctl.h"
#include "agent/serve/rows.h"
#include "agent/serve/utf8.h"

namespace listenq::serve {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr absl::string_view kSomaxconn = "net.core.somaxconn";

v1::OwnerSource ToProto(model::OwnerSource source) {
  switch (source) {
    case model::OwnerSource::kHost:
      return v1::OWNER_SOURCE_HOST;
    case model::OwnerSource::kCri:
      return v1::OWNER_SOURCE_CRI;
    case model::OwnerSource::kDocker:
      return v1::OWNER_SOURCE_DOCKER;
    case model::OwnerSource::kCgroup:
      return v1::OWNER_SOURCE_CGROUP;
    case model::OwnerSource::kProcess:
      return v1::OWNER_SOURCE_PROCESS;
    case model::OwnerSource::kPin:
      return v1::OWNER_SOURCE_PIN;
  }
  return v1::OWNER_SOURCE_UNSPECIFIED;
}

v1::LimitState ToProto(model::LimitState state) {
  switch (state) {
    case model::LimitState::kUnknown:
      return v1::LIMIT_STATE_UNSPECIFIED;
    case model::LimitState::kApplication:
      return v1::LIMIT_STATE_APPLICATION;
    case model::LimitState::kSomaxconn:
      return v1::LIMIT_STATE_SOMAXCONN;
    case model::LimitState::kLatched:
      return v1::LIMIT_STATE_LATCHED;
  }
  return v1::LIMIT_STATE_UNSPECIFIED;
}

void ToProto(const model::Process& process, v1::Process* proto) {
  proto->set_pid(process.pid);
  proto->set_comm(ValidUtf8(process.comm));
  proto->set_container_id(process.container_id);
}

void ToProto(const std::vector<model::PartError>& errors,
             google::protobuf::RepeatedPtrField<v1::PartError>* proto) {
  for (const model::PartError& error : errors) {
    v1::PartError* part = proto->Add();
    part->set_part(error.part);
    part->set_reason(ValidUtf8(error.reason));
  }
}

void ToProto(const OwnerRefs& owners, google::protobuf::RepeatedPtrField<v1::Owner>* proto) {
  for (const model::Owner* owner : owners) serve::ToProto(*owner, proto->Add());
}

// The fields of the socket itself.
void ReadingToProto(const model::ListenerReading& reading, v1::Listener* proto) {
  proto->set_protocol(reading.protocol == model::Protocol::kMptcp ? v1::PROTOCOL_MPTCP : v1::PROTOCOL_TCP);
  proto->set_local_address(model::ToString(reading.address));
  proto->set_local_port(reading.port);
  if (reading.v6_only.has_value()) proto->set_v6_only(*reading.v6_only);
  if (reading.bound_interface != 0) proto->set_bound_interface(reading.bound_interface);
  if (reading.cookie != 0) proto->set_cookie(reading.cookie);
  proto->set_inode(reading.inode);
  proto->set_queue(reading.queue);
  if (reading.limit.has_value()) proto->set_limit(*reading.limit);
  if (reading.sk_drops.has_value()) proto->set_sk_drops(*reading.sk_drops);
  proto->set_uid(reading.uid);
  if (reading.cgroup_id.has_value()) proto->set_cgroup_id(*reading.cgroup_id);
}

void ProcessesToProto(const model::SocketProcesses* processes, v1::Listener* proto) {
  if (processes == nullptr) {
    proto->set_processes_unreadable_reason("not looked for yet");
    return;
  }
  if (processes->count.has_value()) proto->set_process_count(*processes->count);
  for (const model::Process& process : processes->first) ToProto(process, proto->add_processes());
  proto->set_processes_unreadable_reason(ValidUtf8(processes->unreadable_reason));
}

// Without the namespace's counters no share of them is known.
void DropsToProto(const model::Namespace& ns, const model::Listener& listener, v1::Listener* proto) {
  if (!ns.drops.has_value()) return;
  serve::ToProto(listener.drops, proto->mutable_listen_drops());
  serve::ToProto(listener.first_seen, proto->mutable_drops_since_time());
  if (listener.recent_interval > absl::ZeroDuration()) {
    serve::ToProto(listener.recent_drops, proto->mutable_recent_drops());
    serve::ToProto(listener.recent_interval, proto->mutable_recent_interval());
  }
  if (listener.last_drop > absl::InfinitePast()) {
    serve::ToProto(listener.last_drop, proto->mutable_last_drop_time());
  }
}

void ToProto(const model::DropCounts& counts, v1::DropCounts* proto) {
  proto->set_accept_queue_full(counts.accept_queue_full);
  proto->set_syn_queue_full(counts.syn_queue_full);
  proto->set_probably_syn_queue(counts.probably_syn_queue);
  proto->set_other(counts.other);
}

void ToProto(const model::DropShare& share, const std::vector<model::Owner>* owners, v1::DropShare* proto) {
  proto->set_local_address(model::ToString(share.listener.address));
  proto->set_local_port(share.listener.port);
  if (share.listener.v6_only.has_value()) proto->set_v6_only(*share.listener.v6_only);
  if (share.listener.cookie != 0) proto->set_cookie(share.listener.cookie);
  serve::ToProto(share.drops, proto->mutable_drops());
  serve::ToProto(share.start, proto->mutable_start_time());
  serve::ToProto(share.last, proto->mutable_last_time());
  proto->set_peak_queue(share.peak_queue);
  if (share.listener.limit.has_value()) proto->set_limit(*share.listener.limit);
  if (share.processes != nullptr) {
    for (const model::Process& process : share.processes->first) ToProto(process, proto->add_processes());
  }
  const OwnerRefs own = OwnersOf(share.processes.get(), owners);
  if (own != NamespaceOwners(owners)) ToProto(own, proto->mutable_owners());
}

// What an episode and an event have in common.
template <typename Drops, typename Proto>
void DropsToProto(const RowContext& context, const Drops& drops, Proto* proto) {
  serve::ToProto(context, *drops.netns, proto->mutable_netns());
  ToProto(NamespaceOwners(drops.owners.get()), proto->mutable_owners());
  ToProto(drops.counts, proto->mutable_counts());
  for (const model::DropShare& share : drops.shares) ToProto(share, drops.owners.get(), proto->add_shares());
  proto->set_unattributed(drops.unattributed);
}

void DeclaredToProto(const model::Namespace& ns, absl::string_view name, v1::SysctlValue* proto) {
  if (ns.declared_sysctls == nullptr) return;
  const auto declared = ns.declared_sysctls->find(std::string(name));
  if (declared != ns.declared_sysctls->end()) proto->set_declared(ValidUtf8(declared->second));
}

void SysctlsToProto(const model::Namespace& ns, const NamespaceParts& parts, v1::Namespace* proto) {
  const auto& table = model::SysctlTable();
  for (const size_t position : parts.sysctls) {
    v1::SysctlValue& sysctl = (*proto->mutable_sysctls())[std::string(table[position].name)];
    model::SysctlValue value = SysctlOf(ns, position);
    if (value.value.has_value()) sysctl.set_value(ValidUtf8(*value.value));
    sysctl.set_unreadable_reason(ValidUtf8(value.unreadable_reason));
    DeclaredToProto(ns, table[position].name, &sysctl);
    if (const std::string* host = ValueOf(parts.host_sysctls.get(), position))
      sysctl.set_host(ValidUtf8(*host));
    if (!table[position].kernel_default.empty()) {
      sysctl.set_kernel_default(std::string(table[position].kernel_default));
    }
  }
}

void CountersToProto(const model::Counters& counters, CounterSelection& selection, v1::Namespace* proto) {
  if (counters.empty()) return;
  for (const size_t position : selection.In(counters.names)) {
    if (position >= counters.values.size()) continue;
    (*proto->mutable_counters())[counters.names->names()[position]] = counters.values[position];
  }
}

void SocketsToProto(const model::SocketCounts& sockets, v1::Namespace* proto) {
  if (sockets.time_wait.has_value()) proto->set_time_wait(*sockets.time_wait);
  if (sockets.tcp_in_use.has_value()) proto->set_in_use(*sockets.tcp_in_use);
  if (sockets.tcp6_in_use.has_value()) proto->set_in_use6(*sockets.tcp6_in_use);
  if (sockets.orphans.has_value()) proto->set_orphans(*sockets.orphans);
  if (sockets.tcp_memory_pages.has_value()) proto->set_tcp_memory_pages(*sockets.tcp_memory_pages);
}

bool Failed(const model::Namespace& ns, absl::string_view part) {
  return std::any_of(ns.errors.begin(), ns.errors.end(),
                     [&](const model::PartError& error) { return error.part == part; });
}

// An empty list is "no listeners" only where the list was read.
void ListenersToProto(const RowContext& context, const model::Namespace& ns, v1::Namespace* proto) {
  const bool unread = Failed(ns, "listeners") || Failed(ns, "netns") || !ns.not_observable_reason.empty();
  if (unread && ns.listeners.empty()) return;
  proto->set_listener_count(static_cast<uint32_t>(ns.listeners.size()));
  proto->set_full_listener_count(static_cast<uint32_t>(
      std::count_if(ns.listeners.begin(), ns.listeners.end(),
                    [](const model::Listener& listener) { return model::IsFull(listener.reading); })));
  if (const model::Listener* worst = WorstListener(ns)) {
    serve::ToProto(context, ns, *worst, proto->mutable_worst_listener());
  }
}

void NamespaceDropsToProto(const model::NamespaceDrops& drops, v1::Namespace* proto) {
  proto->set_listen_drops(drops.listen_drops);
  proto->set_listen_overflows(drops.listen_overflows);
  proto->set_listen_drops_before(drops.before);
  if (drops.last > absl::InfinitePast()) serve::ToProto(drops.last, proto->mutable_last_drop_time());
}

// What the kernel keeps for the namespace.
void KernelPartsToProto(const model::Namespace& ns, NamespaceParts& parts, v1::Namespace* proto) {
  CountersToProto(ns.netstat, parts.counters, proto);
  CountersToProto(ns.snmp, parts.counters, proto);
  SocketsToProto(ns.sockets, proto);
  if (ns.drops.has_value()) NamespaceDropsToProto(*ns.drops, proto);
  if (ns.sysctls == nullptr) return;
  if (const auto range = model::SysctlPortRange(*ns.sysctls)) {
    proto->set_ephemeral_first(range->first);
    proto->set_ephemeral_last(range->last);
  }
}

// Why a namespace has no sysctls at all.
std::string SysctlsMissingReason(const model::Namespace& ns) {
  if (!ns.not_observable_reason.empty()) return ns.not_observable_reason;
  for (const absl::string_view part : {"sysctls", "netns"}) {
    for (const model::PartError& error : ns.errors) {
      if (error.part == part) return error.reason;
    }
  }
  return "not read yet";
}

}  // namespace

void ToProto(absl::Time time, google::protobuf::Timestamp* proto) {
  const absl::Duration since_epoch = time - absl::UnixEpoch();
  absl::Duration rest;
  int64_t seconds = absl::IDivDuration(since_epoch, absl::Seconds(1), &rest);
  int64_t nanos = absl::ToInt64Nanoseconds(rest);
  // A Timestamp's nanoseconds count forward, before 1970 too.
  if (nanos < 0) {
    --seconds;
    nanos += kNanosPerSecond;
  }
  proto->set_seconds(seconds);
  proto->set_nanos(static_cast<int32_t>(nanos));
}

void ToProto(absl::Duration duration, google::protobuf::Duration* proto) {
  absl::Duration rest;
  proto->set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  proto->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
}

absl::Time FromProto(const google::protobuf::Timestamp& proto) {
  return absl::UnixEpoch() + absl::Seconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
}

void ToProto(const model::Owner& owner, v1::Owner* proto) {
  proto->set_namespace_(ValidUtf8(owner.namespace_name));
  proto->set_pod(ValidUtf8(owner.pod));
  proto->set_pod_uid(ValidUtf8(owner.pod_uid));
  proto->set_container(ValidUtf8(owner.container));
  proto->set_container_id(ValidUtf8(owner.container_id));
  proto->set_image(ValidUtf8(owner.image));
  for (const auto& [key, value] : owner.labels) (*proto->mutable_labels())[ValidUtf8(key)] = ValidUtf8(value);
  proto->set_workload(ValidUtf8(owner.workload));
  proto->set_runtime_handler(ValidUtf8(owner.runtime_handler));
  proto->set_source(ToProto(owner.source));
  if (owner.source_time > absl::InfinitePast()) ToProto(owner.source_time, proto->mutable_source_time());
  proto->set_stale(owner.stale);
  proto->set_runtime(ValidUtf8(owner.runtime));
  if (owner.process.has_value()) ToProto(*owner.process, proto->mutable_process());
}

void ToProto(const model::DropBounds& bounds, v1::ListenDrops* proto) {
  proto->set_min(bounds.min);
  proto->set_max(bounds.max);
  proto->set_attribution(bounds.min == bounds.max ? v1::ATTRIBUTION_EXACT : v1::ATTRIBUTION_BOUNDED);
  proto->set_inferred(bounds.inferred);
}

void ToProto(const RowContext& context, const model::NetnsId& id, v1::Netns* proto) {
  proto->set_boot_id(context.boot_id);
  if (id.cookie.has_value()) proto->set_cookie(*id.cookie);
  proto->set_inode(id.inode);
  proto->set_dev(id.dev);
  ToProto(id.first_seen, proto->mutable_first_seen_time());
  for (const std::string& name : id.names) proto->add_names(ValidUtf8(name));
  proto->set_host(id.host);
}

void ToProto(const RowContext& context, const model::Namespace& ns, const model::Listener& listener,
             v1::Listener* proto) {
  ToProto(context, *ns.id, proto->mutable_netns());
  ToProto(OwnersOf(listener.processes.get(), ns.owners.get()), proto->mutable_owners());
  ReadingToProto(listener.reading, proto);
  if (ns.sysctls != nullptr) {
    const std::optional<uint64_t> somaxconn = model::SysctlNumber(*ns.sysctls, kSomaxconn);
    if (somaxconn.has_value()) proto->set_somaxconn(static_cast<uint32_t>(*somaxconn));
  }
  proto->set_limit_state(ToProto(listener.limit_state));
  proto->set_peak_queue(listener.peak_queue);
  DropsToProto(ns, listener, proto);
  ToProto(listener.first_seen, proto->mutable_first_seen_time());
  ProcessesToProto(listener.processes.get(), proto);
  if (ns.ended.has_value()) ToProto(*ns.ended, proto->mutable_ended_time());
  proto->set_degraded_reason(ns.degraded_reason);
}

void ToProto(const RowContext& context, const model::DropEpisode& episode, v1::DropEpisode* proto) {
  proto->set_id(episode.id);
  ToProto(episode.start, proto->mutable_start_time());
  ToProto(episode.last, proto->mutable_last_time());
  proto->set_ongoing(context.now - episode.last < model::DropEpisode::kPause);
  DropsToProto(context, episode, proto);
}

void ToProto(const RowContext& context, const model::DropEvent& event, v1::DropEvent* proto) {
  proto->set_episode_id(event.episode_id);
  ToProto(event.start, proto->mutable_interval_start_time());
  ToProto(event.end, proto->mutable_interval_end_time());
  DropsToProto(context, event, proto);
}

void ToProto(const RowContext& context, const model::Namespace& ns, NamespaceParts& parts,
             v1::Namespace* proto) {
  ToProto(context, *ns.id, proto->mutable_netns());
  ToProto(NamespaceOwners(ns.owners.get()), proto->mutable_owners());
  SysctlsToProto(ns, parts, proto);
  ListenersToProto(context, ns, proto);
  // What this kernel counts is not what the guest's does.
  if (ns.not_observable_reason.empty()) KernelPartsToProto(ns, parts, proto);
  if (ns.process_count.has_value()) proto->set_process_count(*ns.process_count);
  ToProto(ns.errors, proto->mutable_errors());
  proto->set_not_observable_reason(ns.not_observable_reason);
  if (ns.ended.has_value()) ToProto(*ns.ended, proto->mutable_ended_time());
  if (ns.counters_time > absl::InfinitePast()) ToProto(ns.counters_time, proto->mutable_counters_time());
  if (ns.sysctls_time > absl::InfinitePast()) ToProto(ns.sysctls_time, proto->mutable_sysctls_time());
  proto->set_listeners_truncated(ns.listeners_truncated);
}

model::SysctlValue SysctlOf(const model::Namespace& ns, size_t position) {
  const bool observable = ns.not_observable_reason.empty();
  if (observable && ns.sysctls != nullptr && position < ns.sysctls->values.size())
    return ns.sysctls->values[position];
  return {.unreadable_reason = SysctlsMissingReason(ns)};
}

const std::string* ValueOf(const model::Sysctls* sysctls, size_t position) {
  if (sysctls == nullptr || position >= sysctls->values.size()) return nullptr;
  const std::optional<std::string>& value = sysctls->values[position].value;
  return value.has_value() ? &*value : nullptr;
}

}  // namespace listenq::serve
