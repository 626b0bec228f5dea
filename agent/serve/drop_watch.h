// Live drops for the callers of WatchDrops.
#ifndef LISTENQ_AGENT_SERVE_DROP_WATCH_H_
#define LISTENQ_AGENT_SERVE_DROP_WATCH_H_

#include <grpcpp/support/server_callback.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "agent/model/drop.h"
#include "agent/serve/filter.h"
#include "agent/serve/node_view.h"
#include "agent/serve/to_proto.h"
#include "agent/sys/mutex.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::serve {

class DropHub;

// Contract: one caller. Sends the first message, then each event that the filter takes, until the caller
//   cancels or End is called. A caller that reads slower than events come loses the oldest of kMaxQueued
//   ones; the next event says how many.
// Threading: Push and End from any thread, reactions on gRPC's. One write is in flight at most; the lock is
//   never held while converting or calling gRPC. It keeps itself alive until gRPC is done with it.
class DropWatch final : public grpc::ServerWriteReactor<v1::WatchDropsResponse>,
                        public std::enable_shared_from_this<DropWatch> {
 public:
  static constexpr size_t kMaxQueued = 256;

  // The hub knows it from here on. Null when the hub is closed.
  static DropWatch* Start(std::shared_ptr<DropHub> hub, Filter filter, RowContext context,
                          const v1::NodeStatus& first);

  void Push(const std::shared_ptr<const model::DropEvent>& event) ABSL_LOCKS_EXCLUDED(mutex_);
  // Ends the call with `status` once the write in flight is done. The first call counts.
  void End(const grpc::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);

  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnCancel() override;
  void OnDone() override;

 private:
  DropWatch(std::shared_ptr<DropHub> hub, Filter filter, RowContext context, const v1::NodeStatus& first);
  void SendNext() ABSL_LOCKS_EXCLUDED(mutex_);

  const std::shared_ptr<DropHub> hub_;
  const Filter filter_;
  const RowContext context_;
  const std::string node_name_;
  std::shared_ptr<DropWatch> self_;  // until OnDone
  // Of the write in flight: only the thread that set writing_ touches it.
  v1::WatchDropsResponse message_;

  sys::Mutex mutex_;
  std::deque<std::shared_ptr<const model::DropEvent>> queue_ ABSL_GUARDED_BY(mutex_);
  uint64_t missed_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = true;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mutex_);
};

// Contract: passes the recorder's events on to every watch, and ends them all when it is closed.
// Threading: every method from every thread; no method is called under a lock of the caller's that an event's
//   delivery takes.
class DropHub {
 public:
  // Subscribes to the view's recorder until Close.
  static std::shared_ptr<DropHub> Open(NodeView& view);

  // False when it is closed.
  bool Add(const std::shared_ptr<DropWatch>& watch) ABSL_LOCKS_EXCLUDED(mutex_);
  void Remove(const DropWatch* watch) ABSL_LOCKS_EXCLUDED(mutex_);
  // Ends all watches with UNAVAILABLE. The view may go when it returns.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);
  // UNAVAILABLE "the agent is shutting down".
  static grpc::Status ClosedStatus();

 private:
  explicit DropHub(NodeView& view) : view_(view) {}
  void Pass(const model::DropEvent& event) ABSL_LOCKS_EXCLUDED(mutex_);

  NodeView& view_;
  uint64_t subscription_ = 0;
  sys::Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::shared_ptr<DropWatch>> watches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_DROP_WATCH_H_
