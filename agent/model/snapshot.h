// All that is known of the node at one moment: built once, published as shared_ptr<const Snapshot>, never
// changed.
#ifndef LISTENQ_AGENT_MODEL_SNAPSHOT_H_
#define LISTENQ_AGENT_MODEL_SNAPSHOT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "agent/model/acceptor.h"
#include "agent/model/connections.h"
#include "agent/model/counter_increases.h"
#include "agent/model/counters.h"
#include "agent/model/listener.h"
#include "agent/model/netns.h"
#include "agent/model/owner.h"
#include "agent/model/sysctl.h"

namespace listenq::model {

struct PartError {
  std::string part;  // "netns", "listeners", "counters", "sysctls", "processes", "owners", "discovery"
  std::string reason;
  bool operator==(const PartError&) const = default;
};

// TcpExt counts since the first sight of a namespace. What the kernel had before is kept apart.
struct NamespaceDrops {
  uint64_t listen_drops = 0;
  uint64_t listen_overflows = 0;
  uint64_t before = 0;  // ListenDrops at the first sight
  absl::Time last = absl::InfinitePast();
};

struct Namespace {
  std::shared_ptr<const NetnsId> id;
  std::shared_ptr<const std::vector<Owner>> owners;
  std::vector<Listener> listeners;
  bool listeners_truncated = false;
  // How the listeners were read, when not by sock_diag: which fields are missing. "" is in full.
  std::string degraded_reason;
  // Null until read, and where they can't be.
  std::shared_ptr<const Sysctls> sysctls;
  // By name with dots: what its pod's specification asks for. Null where that is not known.
  std::shared_ptr<const std::map<std::string, std::string>> declared_sysctls;
  Counters netstat;
  Counters snmp;
  SocketCounts sockets;
  // Of the last quarter of an hour; null until counters were read twice.
  std::shared_ptr<const CounterIncreases> increases;
  // Who holds its listeners, and what bounds them: those of listeners whose queue stands out at every beat,
  // the others once a minute. Null until read.
  std::shared_ptr<const Acceptors> acceptors;
  // Null unless it has so many sockets that somebody looked.
  std::shared_ptr<const PortUse> port_use;
  // Absent until counters were read; the first reading is the baseline.
  std::optional<NamespaceDrops> drops;
  std::optional<uint32_t> process_count;
  std::vector<PartError> errors;
  // A guest kernel owns the sockets: nothing that was read here tells of them. "" when they can be seen.
  std::string not_observable_reason;
  absl::Time counters_time = absl::InfinitePast();
  absl::Time sysctls_time = absl::InfinitePast();
  std::optional<absl::Time> ended;
};

// What the agent itself costs; absent is not read.
struct SelfCost {
  absl::Duration cpu_time;
  std::optional<double> cpu_percent;
  std::optional<uint64_t> rss_bytes;
  std::optional<uint64_t> rss_anon_bytes;
  std::optional<uint32_t> open_fds;
  std::optional<uint32_t> fd_limit;
};

// A place where names of owners come from.
struct SourceHealth {
  std::string source;  // "cri unix:///run/containerd/containerd.sock"
  bool healthy = false;
  // Nobody named it, and there is no sign of it on this node: that it does not answer is no fault.
  bool absent = false;
  // Why it is not healthy, or what it did not tell.
  std::string message;
  absl::Time last_success = absl::InfinitePast();
  bool operator==(const SourceHealth&) const = default;
};

struct NodeInfo {
  std::string name;
  std::string boot_id;
  std::string kernel_release;
  absl::Time start_time;
  std::vector<PartError> errors;
  std::vector<SourceHealth> sources;
  SelfCost cost;
  absl::Duration last_beat_duration;
  uint64_t late_beats = 0;
  uint64_t vanished_namespaces = 0;
};

struct Snapshot {
  NodeInfo node;
  absl::Time read_time;
  // False until every namespace was read once.
  bool complete = false;
  std::vector<std::shared_ptr<const Namespace>> namespaces;
  // Those that ended within the flight recorder's time, newest first.
  std::vector<std::shared_ptr<const Namespace>> ended;
};

// The node's own; null where it is not known.
const Namespace* HostNamespace(const Snapshot& snapshot);

}  // namespace listenq::model

#endif  // LISTENQ_AGENT_MODEL_SNAPSHOT_H_
