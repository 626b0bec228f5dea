// Looks who has the ephemeral ports of namespaces that may run out of them.
#ifndef LISTENQ_AGENT_PORT_WATCH_H_
#define LISTENQ_AGENT_PORT_WATCH_H_

#include <atomic>
#include <functional>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "agent/model/connections.h"
#include "agent/model/netns.h"
#include "agent/model/snapshot.h"
#include "agent/serve/connection_walks.h"
#include "agent/sys/clock.h"

namespace listenq::agent {

// Contract: has the connections of a namespace walked while it has enough sockets to lack ports
//   (analyze::MayLackPorts), once a minute; on a node without such namespaces it walks nothing. At most one
//   order at a time, so that callers find room.
// Threading: Look on one thread; `found` is called on the walks' thread, also after this object is gone.
// Failure: a walk that fails or is refused is ordered again by a later look.
class PortWatch {
 public:
  using Found = std::function<void(model::NetnsSerial, std::shared_ptr<const model::PortUse>)>;

  // The walks and the clock outlive it; the clock outlives the walks.
  PortWatch(serve::ConnectionWalks* walks, const sys::Clock* clock, Found found)
      : walks_(walks), clock_(clock), found_(std::move(found)) {}

  void Look(const model::Snapshot& snapshot);

 private:
  serve::WalkOrder MakeOrder(const model::Snapshot& snapshot);

  serve::ConnectionWalks* const walks_;
  const sys::Clock* const clock_;
  const Found found_;
  // Of those that may lack ports: when they are walked next.
  absl::flat_hash_map<model::NetnsSerial, absl::Time> due_;
  // Shared with the order.
  const std::shared_ptr<std::atomic<bool>> walking_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace listenq::agent

#endif  // LISTENQ_AGENT_PORT_WATCH_H_
