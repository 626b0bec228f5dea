// Who should answer, as of now.
#ifndef LISTENQ_AGGREGATOR_PEERS_FLEET_H_
#define LISTENQ_AGGREGATOR_PEERS_FLEET_H_

#include <memory>
#include <string>
#include <vector>

#include "aggregator/peers/peer.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::aggregator {

// A node that should answer and has nobody who could be asked: a row all the same.
struct AbsentNode {
  // "" is not known.
  std::string node_name;
  // "pod listenq-x7k2p is Pending: ImagePullBackOff".
  std::string reason;
  bool operator==(const AbsentNode&) const = default;
};

// Its row.
inline v1::NodeStatus AbsentStatus(const AbsentNode& node) {
  v1::NodeStatus row;
  row.set_node_name(node.node_name);
  row.set_state(v1::NODE_STATE_UNAVAILABLE);
  row.set_message(node.reason);
  return row;
}

// Immutable once it is published.
struct Fleet {
  std::vector<std::shared_ptr<Peer>> peers;
  std::vector<AbsentNode> absent;
  // There may be nodes of which nothing is said here.
  bool size_unknown = false;
  // Why there is none, or why the list may be old; "" when all is well.
  std::string trouble;
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_PEERS_FLEET_H_
