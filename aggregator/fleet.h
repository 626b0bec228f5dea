// Who should answer, as of now.
#ifndef LISTENQ_AGGREGATOR_FLEET_H_
#define LISTENQ_AGGREGATOR_FLEET_H_

#include <memory>
#include <string>
#include <vector>

#include "aggregator/peer.h"

namespace listenq::aggregator {

// Immutable once it is published.
struct Fleet {
  std::vector<std::shared_ptr<Peer>> peers;
  // Why there is none, or why the list may be old; "" when all is well.
  std::string trouble;
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_FLEET_H_
