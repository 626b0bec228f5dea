// Asks the peers for what is shown as metrics.
#ifndef LISTENQ_AGGREGATOR_METRICS_METRICS_POLLER_H_
#define LISTENQ_AGGREGATOR_METRICS_METRICS_POLLER_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "agent/sys/mutex.h"
#include "aggregator/metrics/metrics_state.h"
#include "aggregator/peers/fleet.h"
#include "aggregator/peers/peer.h"

namespace listenq::aggregator {

// Contract: from construction to destruction asks every peer once an interval, one after the other, each for
//   at most `timeout`, and puts the answers into the state. Lists without a filter: they read nothing in a
//   namespace and heat none.
// Threading: one thread of its own.
// Failure: a peer that fails, or says that one of its nodes did not answer, is one that is down, in the state
//   and for the next poll.
class MetricsPoller {
 public:
  // Of one peer's answer.
  static constexpr uint64_t kMaxRows = 500000;

  // Who is to be asked now: PeerSet::Current.
  using FleetSource = std::function<std::shared_ptr<const Fleet>()>;

  struct Options {
    absl::Duration interval;
    // For one peer.
    absl::Duration timeout;
    // Off: peers are asked for their nodes, and not for namespaces, listeners and drops.
    bool rows = true;
  };

  // The state outlives it, and what `fleet` needs.
  MetricsPoller(FleetSource fleet, const Options& options, MetricsState* state);
  ~MetricsPoller();
  MetricsPoller(const MetricsPoller&) = delete;
  MetricsPoller& operator=(const MetricsPoller&) = delete;

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  void PollAll() ABSL_LOCKS_EXCLUDED(mutex_);
  // The failures of a poll, and their end, are said in the log.
  void Note(const std::string& address, const std::string& failure);
  // Until the interval is over; false: stop.
  bool Pause() ABSL_LOCKS_EXCLUDED(mutex_);

  grpc::Status Poll(const Peer& peer) ABSL_LOCKS_EXCLUDED(mutex_);
  grpc::Status PollRows(const Peer& peer, absl::Time deadline, absl::Time drops_since)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Runs `call` with a context that Stop cancels.
  template <typename Call>
  grpc::Status Ask(absl::Time deadline, Call call) ABSL_LOCKS_EXCLUDED(mutex_);
  // Why no more of this peer's is wanted.
  template <typename Response>
  grpc::Status Take(const Peer& peer, uint64_t* rows, Response* message);
  template <typename Response, typename Start>
  grpc::Status AskStream(const Peer& peer, absl::Time deadline, uint64_t* rows, Start start)
      ABSL_LOCKS_EXCLUDED(mutex_);

  const FleetSource fleet_;
  const Options options_;
  MetricsState& state_;
  // Of its thread: peers whose last poll failed.
  std::set<std::string> failed_;

  sys::Mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* running_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::thread thread_;
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_METRICS_METRICS_POLLER_H_
