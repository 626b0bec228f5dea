// Counts the connections of one network namespace, on demand: it walks the kernel's connection hash.
#ifndef LISTENQ_AGENT_COLLECT_CONNECTION_WALKER_H_
#define LISTENQ_AGENT_COLLECT_CONNECTION_WALKER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "agent/collect/connection_tally.h"
#include "agent/collect/netns_thread.h"
#include "agent/collect/sock_diag_socket.h"
#include "agent/model/connections.h"
#include "agent/model/sysctl.h"
#include "agent/sys/file.h"

namespace listenq::collect {

// How to get into a namespace.
struct WayIn {
  sys::FileId id;
  std::vector<std::string> paths;  // best first: bind mounts, /proc/PID/ns/net
  bool operator==(const WayIn&) const = default;
};

struct WalkTarget {
  WayIn way_in;
  // SO_NETNS_COOKIE, where it is known: inode numbers are reused.
  std::optional<uint64_t> cookie;
  // net.ipv4.ip_local_port_range; absent: no destinations.
  std::optional<model::PortRange> ephemeral;
  // Of each list.
  size_t max_rows = 20;
};

// Contract: one dump of the listeners, then one walk over everything else, piece by piece: memory does not
//   grow with the connections. A walk costs by the hash of the whole node and by the sockets in it, however
//   few are the namespace's.
// Threading: one caller at a time. A thread of its own enters namespaces, so that nobody else's is held up.
// Failure: NotFound: the namespace is gone. PermissionDenied says what it takes to enter it. Unavailable,
//   Unimplemented: this kernel has no tcp_diag, no sock_diag. Nothing is counted then.
class ConnectionWalker {
 public:
  explicit ConnectionWalker(ConnectionTally::Bounds bounds = {}) : bounds_(bounds) {}

  // `stop` is asked before each piece; when it says so the counts so far come back as `stopped`.
  absl::StatusOr<model::ConnectionCounts> Walk(const WalkTarget& target, absl::FunctionRef<bool()> stop);

 private:
  absl::StatusOr<model::ConnectionCounts> Count(int socket, const WalkTarget& target,
                                                absl::FunctionRef<bool()> stop);

  const ConnectionTally::Bounds bounds_;
  NetnsThread netns_thread_;
  SockDiagTalk talk_;
};

}  // namespace listenq::collect

#endif  // LISTENQ_AGENT_COLLECT_CONNECTION_WALKER_H_
