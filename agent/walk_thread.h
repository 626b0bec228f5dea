// The thread on which connections are walked.
#ifndef LISTENQ_AGENT_WALK_THREAD_H_
#define LISTENQ_AGENT_WALK_THREAD_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/collect/connection_walker.h"
#include "agent/model/netns.h"
#include "agent/serve/connection_walks.h"
#include "agent/sys/mutex.h"

namespace listenq::agent {

// Contract: one walk at a time on the whole node; up to kMaxWaiting orders wait for their turn, in order. An
//   order that is cancelled while it waits leaves room at once for another.
// Threading: a thread of its own, started with the first order and ended by Stop.
// Failure: a namespace that can't be read fails by itself, the others go on.
class WalkThread final : public serve::ConnectionWalks {
 public:
  static constexpr size_t kMaxWaiting = 8;
  // Absent: there is no such namespace any more. Called on the walk's thread.
  using FindWayIn = std::function<std::optional<collect::WayIn>(model::NetnsSerial)>;

  explicit WalkThread(FindWayIn find_way_in) : find_way_in_(std::move(find_way_in)) {}
  ~WalkThread() override { Stop(); }
  WalkThread(const WalkThread&) = delete;
  WalkThread& operator=(const WalkThread&) = delete;

  absl::Status Start(serve::WalkOrder order) override ABSL_LOCKS_EXCLUDED(mutex_);
  // Ends the walk that runs and those that wait, with Unavailable; all are answered when it returns.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Orders = std::deque<serve::WalkOrder>;

  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<serve::WalkResults> Execute(const serve::WalkOrder& order);
  absl::StatusOr<model::ConnectionCounts> WalkOne(const serve::WalkOrder& order,
                                                  const serve::WalkOrder::Subject& subject,
                                                  absl::FunctionRef<bool()> is_over);
  // OK as long as somebody wants the answer.
  absl::Status Wanted(const serve::WalkOrder& order) const;
  // Takes out those that nobody waits for any more.
  Orders TakeCancelled() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const FindWayIn find_way_in_;
  collect::ConnectionWalker walker_;
  std::atomic<bool> stop_ = false;

  sys::Mutex mutex_;
  std::condition_variable changed_;
  Orders waiting_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace listenq::agent

#endif  // LISTENQ_AGENT_WALK_THREAD_H_
