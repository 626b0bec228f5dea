#include "agent/walk_thread.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "agent/sys/status.h"

namespace listenq::agent {
namespace {

absl::Status ShuttingDown() { return absl::UnavailableError("the agent is shutting down"); }
absl::Status Cancelled() { return absl::CancelledError("the caller cancelled"); }

}  // namespace

void WalkThread::Stop() {
  std::thread thread;
  stop_.store(true);
  {
    const sys::MutexLock lock(mutex_);
    thread = std::move(thread_);
    changed_.notify_all();
  }
  if (thread.joinable()) thread.join();
}

absl::Status WalkThread::Start(serve::WalkOrder order) {
  Orders cancelled;
  bool taken = false;
  {
    const sys::MutexLock lock(mutex_);
    if (stop_.load()) return ShuttingDown();
    cancelled = TakeCancelled();
    taken = waiting_.size() < kMaxWaiting;
    if (taken) {
      waiting_.push_back(std::move(order));
      if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
      changed_.notify_all();
    }
  }
  for (const serve::WalkOrder& one : cancelled) one.done(Cancelled());
  if (taken) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "count connections: ", kMaxWaiting, " calls wait for their turn already; try again in a moment"));
}

WalkThread::Orders WalkThread::TakeCancelled() {
  Orders cancelled;
  const auto rest = std::stable_partition(waiting_.begin(), waiting_.end(),
                                          [](const serve::WalkOrder& order) { return !order.cancelled(); });
  std::move(rest, waiting_.end(), std::back_inserter(cancelled));
  waiting_.erase(rest, waiting_.end());
  return cancelled;
}

void WalkThread::Run() {
  for (;;) {
    serve::WalkOrder order;
    {
      sys::MutexLock lock(mutex_);
      while (waiting_.empty() && !stop_.load()) lock.Wait(changed_);
      // Those that wait are answered even at the end.
      if (waiting_.empty()) return;
      order = std::move(waiting_.front());
      waiting_.pop_front();
    }
    order.done(Execute(order));
  }
}

absl::Status WalkThread::Wanted(const serve::WalkOrder& order) const {
  if (stop_.load()) return ShuttingDown();
  return order.cancelled() ? Cancelled() : absl::OkStatus();
}

absl::StatusOr<serve::WalkResults> WalkThread::Execute(const serve::WalkOrder& order) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + absl::ToChronoNanoseconds(order.time_limit);
  const auto is_over = [&] { return stop_.load() || order.cancelled() || Clock::now() >= end; };
  serve::WalkResults results;
  results.reserve(order.subjects.size());
  for (const serve::WalkOrder::Subject& subject : order.subjects) {
    results.push_back(WalkOne(order, subject, is_over));
    RETURN_IF_ERROR(Wanted(order));
  }
  return results;
}

absl::StatusOr<model::ConnectionCounts> WalkThread::WalkOne(const serve::WalkOrder& order,
                                                            const serve::WalkOrder::Subject& subject,
                                                            absl::FunctionRef<bool()> is_over) {
  if (is_over()) return absl::DeadlineExceededError("count connections: time was up before its turn");
  std::optional<collect::WayIn> way_in = find_way_in_(subject.serial);
  if (!way_in.has_value()) return absl::NotFoundError("count connections: the namespace is gone");
  return walker_.Walk({.way_in = *std::move(way_in),
                       .cookie = subject.cookie,
                       .ephemeral = subject.ephemeral,
                       .max_rows = order.max_rows},
                      is_over);
}

}  // namespace listenq::agent
