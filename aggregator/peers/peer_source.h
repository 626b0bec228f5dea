// What --peers names: a list, a file, a name in DNS, or the pods of a cluster.
#ifndef LISTENQ_AGGREGATOR_PEERS_PEER_SOURCE_H_
#define LISTENQ_AGGREGATOR_PEERS_PEER_SOURCE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "aggregator/peers/fleet.h"
#include "aggregator/peers/peer.h"
#include "base/address.h"

namespace listenq::aggregator {

// What a source says at one moment. Each address comes once.
struct PeerList {
  std::vector<PeerSpec> peers;
  std::vector<AbsentNode> absent;
  // The source can't say of a node that it is missing.
  bool size_unknown = false;
  // What it could not find out; "" for nothing.
  std::string trouble;
  bool operator==(const PeerList&) const = default;
};

// Threading: used by one thread at a time.
class PeerSource {
 public:
  // More than an aggregator asks: put aggregators between.
  static constexpr size_t kMaxPeers = 5000;

  virtual ~PeerSource() = default;

  // What it says now. An error says nothing of what it said before.
  virtual absl::StatusOr<PeerList> Read() = 0;
  // How long what was read is good for: jittered where others are asked, infinite where it never changes.
  virtual absl::Duration NextPause() = 0;
  // Read asks others: it may take seconds, and an error is no mistake of whoever started the program.
  [[nodiscard]] virtual bool asks_others() const = 0;
};

// `text`: "ADDRESS,ADDRESS…", "file:PATH", "dns:///NAME:PORT" or "k8s://NAMESPACE/SELECTOR:PORT".
// InvalidArgument: it is none of them.
absl::StatusOr<std::unique_ptr<PeerSource>> MakePeerSource(absl::string_view text,
                                                           base::OffMachine off_machine);

// Anything from `least` to `most`: programs that were started together do not ask together.
absl::Duration AnyOf(absl::Duration least, absl::Duration most);

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_PEERS_PEER_SOURCE_H_
