#include "agent/analyze/queue_watch.h"

#include <algorithm>

namespace listenq::analyze {
namespace {

using model::AcceptLag;

bool IsHigh(const model::ListenerReading& listener) {
  if (!listener.limit.has_value()) return false;
  // A limit of 0 holds one connection.
  const uint64_t limit = std::max(*listener.limit, 1u);
  return uint64_t{listener.queue} * 100 >= limit * AcceptLag::kHighPercent;
}

// Not so, unless it lasted long enough.
absl::Time IfLong(absl::Time since, absl::Time until) {
  return until - since >= AcceptLag::kLeast ? since : absl::InfiniteFuture();
}

}  // namespace

void QueueWatch::AddSample(const model::ListenerReading& listener, absl::Time time) {
  if (time < last_time_ || time - last_time_ > kLongestPause) *this = QueueWatch();
  WatchHigh(listener, time);
  WatchQueue(listener.queue, time);
  last_time_ = time;
  last_queue_ = listener.queue;
}

void QueueWatch::WatchHigh(const model::ListenerReading& listener, absl::Time time) {
  if (IsHigh(listener)) {
    high_since_ = std::min(high_since_, time);
    return;
  }
  if (IfLong(high_since_, last_time_) < absl::InfiniteFuture()) {
    past_high_since_ = high_since_;
    past_high_until_ = time;
  }
  high_since_ = absl::InfiniteFuture();
}

void QueueWatch::WatchQueue(uint32_t queue, absl::Time time) {
  if (queue == 0) {
    waiting_since_ = absl::InfiniteFuture();
    unchanged_since_ = absl::InfiniteFuture();
    opens_.reset();
    return;
  }
  if (queue != last_queue_) unchanged_since_ = time;
  if (queue < last_queue_) {
    waiting_since_ = time;
    opens_.reset();
  }
  waiting_since_ = std::min(waiting_since_, time);
}

void QueueWatch::AddOpens(uint64_t passive_opens, absl::Time time) {
  if (last_queue_ == 0) return;
  const bool none_accepted = opens_.has_value() && passive_opens >= opens_->count &&
                             passive_opens - opens_->count <= last_queue_ - opens_->queue;
  if (!none_accepted) opens_ = Opens{.count = passive_opens, .queue = last_queue_, .time = time};
  opens_->proven = time;
}

model::AcceptLag QueueWatch::Lag() const {
  AcceptLag lag;
  if (IfLong(high_since_, last_time_) < absl::InfiniteFuture()) {
    lag.high_since = high_since_;
    lag.high_until = absl::InfiniteFuture();
  } else if (last_time_ - past_high_until_ <= AcceptLag::kMemory) {
    lag.high_since = past_high_since_;
    lag.high_until = past_high_until_;
  }
  lag.waiting_since = IfLong(waiting_since_, last_time_);
  lag.unchanged_since = IfLong(unchanged_since_, last_time_);
  if (opens_.has_value()) lag.no_accept_since = IfLong(opens_->time, opens_->proven);
  return lag;
}

}  // namespace listenq::analyze
