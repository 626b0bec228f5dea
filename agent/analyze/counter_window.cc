#include "agent/analyze/counter_window.h"

#include <algorithm>
#include <limits>

namespace listenq::analyze {
namespace {

int64_t NumberOf(absl::Time time) { return absl::ToUnixSeconds(time) / 60; }

uint32_t SaturatingAdd(uint32_t a, uint64_t b) {
  constexpr uint64_t kMax = std::numeric_limits<uint32_t>::max();
  return static_cast<uint32_t>(a + std::min(b, kMax - a));
}

}  // namespace

void CounterWindow::Add(const model::Counters& netstat, const model::Counters& snmp, absl::Time time) {
  if (time < last_time_ || time - last_time_ > kLength) *this = CounterWindow();
  Expire(time);
  for (size_t i = 0; i < kCounters.size(); ++i) {
    std::optional<uint64_t> value = netstat.Get(kCounters[i]);
    if (!value.has_value()) value = snmp.Get(kCounters[i]);
    if (!value.has_value()) continue;
    if (last_[i].has_value()) {
      read_twice_[i] = true;
      if (*value > *last_[i]) {
        uint32_t& by = MinuteOf(time).by[i];
        by = SaturatingAdd(by, *value - *last_[i]);
      }
    }
    last_[i] = value;
  }
  if (first_time_ == absl::InfinitePast()) first_time_ = time;
  last_time_ = time;
}

void CounterWindow::Expire(absl::Time now) {
  const int64_t oldest = NumberOf(now) - kMinutes + 1;
  std::erase_if(minutes_, [&](const Minute& minute) { return minute.number < oldest; });
}

CounterWindow::Minute& CounterWindow::MinuteOf(absl::Time time) {
  const int64_t number = NumberOf(time);
  if (minutes_.empty() || minutes_.back().number != number) {
    minutes_.push_back({.number = number, .start = last_time_});
  }
  minutes_.back().end = time;
  return minutes_.back();
}

std::shared_ptr<const model::CounterIncreases> CounterWindow::Increases() const {
  if (first_time_ == last_time_) return nullptr;
  auto increases = std::make_shared<model::CounterIncreases>();
  increases->since =
      std::max(first_time_, absl::FromUnixSeconds((NumberOf(last_time_) - kMinutes + 1) * int64_t{60}));
  // The reading before may be older.
  if (!minutes_.empty()) increases->since = std::min(increases->since, minutes_.front().start);
  increases->until = last_time_;
  increases->list.reserve(kCounters.size());
  for (size_t i = 0; i < kCounters.size(); ++i) {
    if (!read_twice_[i]) continue;
    model::CounterIncrease& increase = increases->list.emplace_back(
        model::CounterIncrease{.name = kCounters[i], .first = last_time_, .last = last_time_});
    for (const Minute& minute : minutes_) {
      if (minute.by[i] == 0) continue;
      if (increase.by == 0) increase.first = minute.start;
      increase.by += minute.by[i];
      increase.last = minute.end;
    }
  }
  return increases;
}

}  // namespace listenq::analyze
