// Live drops of every peer as one stream.
#ifndef LISTENQ_AGGREGATOR_WATCH_CALL_H_
#define LISTENQ_AGGREGATOR_WATCH_CALL_H_

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "agent/sys/mutex.h"
#include "aggregator/peers/fleet.h"
#include "aggregator/peers/ticker.h"
#include "listenq/v1/observer.grpc.pb.h"

namespace listenq::aggregator {

// Contract: passes on what each peer sends until the caller cancels, after a NodeStatus for each node without
//   a peer. A peer that fails, does not begin within `peer_timeout`, or is silent (Peer::silence), is one
//   NodeStatus, and is tried again after a pause of 1 s … 30 s, or once it answers again; when it is back its
//   own NodeStatus says so, and drops between the two are in ListDrops. A caller that reads slower than
//   events come loses the oldest; the next event says how many.
// Threading: gRPC's threads and the ticker's; the lock is never held while gRPC is called to send or read.
//   `new` it and hand it to gRPC: it deletes itself when the call is over.
class WatchCall final : public grpc::ServerWriteReactor<v1::WatchDropsResponse>, private Ticker::Client {
 public:
  static constexpr size_t kMaxQueued = 1024;

  // The ticker and `stopping` outlive the call, which ends with UNAVAILABLE when that turns true.
  WatchCall(std::shared_ptr<const Fleet> fleet, Ticker* ticker, v1::WatchDropsRequest request,
            absl::Duration peer_timeout, const std::atomic<bool>* stopping);

  ~WatchCall() override;
  WatchCall(const WatchCall&) = delete;
  WatchCall& operator=(const WatchCall&) = delete;

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { delete this; }

 private:
  class PeerWatch;
  struct Slot {
    std::shared_ptr<Peer> peer;
    // Null between two tries.
    std::unique_ptr<PeerWatch> watch;
    absl::Time next_try = absl::InfinitePast();
    absl::Time ended = absl::InfinitePast();
    absl::Duration pause;
    // The caller knows that it is silent.
    bool reported = false;
  };

  void OnTick(absl::Time now) override ABSL_LOCKS_EXCLUDED(mutex_);
  void StartDue(absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnMessage(size_t slot, v1::WatchDropsResponse&& message) ABSL_LOCKS_EXCLUDED(mutex_);
  void OnPeerDone(size_t slot, const grpc::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  void End(grpc::Status status) ABSL_LOCKS_EXCLUDED(mutex_);
  void Queue(v1::WatchDropsResponse&& message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What is to be done once the lock is free. A peer's end may be the last that kept the call alive: nothing
  // else of it is used after that.
  struct Step {
    bool write = false;
    std::optional<grpc::Status> end;
  };
  void NextStep(Step* step) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // `call` may be gone where there is nothing to write or to end.
  static void Do(WatchCall* call, const Step& step);
  // Both, for whoever knows that the call lives.
  void SendNext() ABSL_LOCKS_EXCLUDED(mutex_);

  const std::shared_ptr<const Fleet> fleet_;
  Ticker* const ticker_;
  const v1::WatchDropsRequest request_;
  const absl::Duration peer_timeout_;
  const std::atomic<bool>* const stopping_;
  // Of the write in flight: only who set writing_ touches it.
  v1::WatchDropsResponse current_;

  sys::Mutex mutex_;
  std::vector<Slot> slots_ ABSL_GUARDED_BY(mutex_);
  size_t active_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<v1::WatchDropsResponse> queue_ ABSL_GUARDED_BY(mutex_);
  uint64_t missed_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_WATCH_CALL_H_
