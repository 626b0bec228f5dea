// What the Observer service needs to have connections counted.
#ifndef LISTENQ_AGENT_SERVE_CONNECTION_WALKS_H_
#define LISTENQ_AGENT_SERVE_CONNECTION_WALKS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/model/connections.h"
#include "agent/model/netns.h"
#include "agent/model/sysctl.h"

namespace listenq::serve {

// One result per namespace, in order. NotFound: it is gone. DeadlineExceeded: time was up before it was its
// turn. Any other error: it could not be read.
using WalkResults = std::vector<absl::StatusOr<model::ConnectionCounts>>;

// A walk over the connections of some namespaces, one after the other.
struct WalkOrder {
  struct Subject {
    model::NetnsSerial serial = 0;
    // SO_NETNS_COOKIE, where it is known.
    std::optional<uint64_t> cookie;
    // net.ipv4.ip_local_port_range; absent: no destinations.
    std::optional<model::PortRange> ephemeral;
  };
  std::vector<Subject> subjects;
  // For all of them, from the first one's begin; what is cut by it comes back as `stopped`.
  absl::Duration time_limit;
  // Of each list.
  size_t max_rows = 0;
  // Asked all the time, from any thread: true ends the walk.
  std::function<bool()> cancelled;
  // Called once when Start says OK, never from within it. Cancelled: by `cancelled`. Unavailable: the agent
  // is shutting down.
  std::function<void(absl::StatusOr<WalkResults>)> done;
};

// Threading: safe to call from every thread.
class ConnectionWalks {
 public:
  virtual ~ConnectionWalks() = default;
  // Never blocks. ResourceExhausted: too many walks wait. Unavailable: the agent is shutting down. Then
  // `done` is never called.
  virtual absl::Status Start(WalkOrder order) = 0;
};

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_CONNECTION_WALKS_H_
