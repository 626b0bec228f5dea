// Whether the peers are alive, asked while nobody calls.
#ifndef LISTENQ_AGGREGATOR_PEERS_PEER_PULSE_H_
#define LISTENQ_AGGREGATOR_PEERS_PEER_PULSE_H_

#include <condition_variable>
#include <cstddef>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "agent/sys/mutex.h"
#include "aggregator/peers/fleet.h"
#include "aggregator/peers/peer.h"
#include "aggregator/peers/peer_set.h"
#include "aggregator/peers/ticker.h"

namespace listenq::aggregator {

// Contract: asks each peer of the moment for its health, every kInterval, or as often as kPerTick lets it;
// what
//   it finds is Peer::silence. A process that hangs keeps its connections, and a stream of it says nothing:
//   only a question tells that apart from a quiet one.
// Threading: the ticker's thread, and gRPC's; destruction waits for questions under way.
// Failure: a peer that does not answer is silent, whatever the reason; one that has no health service is not.
//   The log says so when that changes, and where two peers answered for one node; limited.
class PeerPulse final : private Ticker::Client {
 public:
  static constexpr absl::Duration kInterval = absl::Seconds(2);
  static constexpr size_t kPerTick = 10;

  // `timeout`: how long an answer may take. The peers and the ticker outlive it.
  PeerPulse(const PeerSet* peers, Ticker* ticker, absl::Duration timeout);
  ~PeerPulse() override;
  PeerPulse(const PeerPulse&) = delete;
  PeerPulse& operator=(const PeerPulse&) = delete;

 private:
  struct Question;

  void OnTick(absl::Time now) override ABSL_LOCKS_EXCLUDED(mutex_);
  void Ask(const std::shared_ptr<Peer>& peer, absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);
  void Done(Question* question, const grpc::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);

  const PeerSet& peers_;
  Ticker& ticker_;
  const absl::Duration timeout_;
  // Of the ticker's thread: whom this round asks, and how many of them it has asked.
  std::shared_ptr<const Fleet> round_ = std::make_shared<const Fleet>();
  size_t asked_ = 0;
  absl::Time next_round_ = absl::InfinitePast();

  sys::Mutex mutex_;
  std::condition_variable answered_;
  absl::flat_hash_set<std::unique_ptr<Question>> questions_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<const Peer*> under_way_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_PEERS_PEER_PULSE_H_
