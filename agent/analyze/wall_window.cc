#include "agent/analyze/wall_window.h"

#include <algorithm>

namespace listenq::analyze {
namespace {

using model::WallHits;

int64_t NumberOf(absl::Time time) { return absl::ToUnixSeconds(time) / 60; }

bool WentDown(const WallHits& before, const WallHits& now) {
  return now.hits < before.hits || now.periods < before.periods ||
         now.throttled_micros < before.throttled_micros || now.oom_kills < before.oom_kills;
}

void Add(const WallHits& more, WallHits* sum) {
  sum->hits += more.hits;
  sum->periods += more.periods;
  sum->throttled_micros += more.throttled_micros;
  sum->oom_kills += more.oom_kills;
}

WallHits Difference(const WallHits& now, const WallHits& before) {
  return {.hits = now.hits - before.hits,
          .periods = now.periods - before.periods,
          .throttled_micros = now.throttled_micros - before.throttled_micros,
          .oom_kills = now.oom_kills - before.oom_kills};
}

}  // namespace

void WallWindow::Add(const WallHits& total, absl::Time time) {
  const bool pause = time < last_time_ || time - last_time_ > absl::Minutes(kMinutes);
  if (pause || (last_.has_value() && WentDown(*last_, total))) *this = WallWindow();
  const int64_t number = NumberOf(time);
  std::erase_if(minutes_, [&](const Minute& minute) { return minute.number <= number - kMinutes; });
  if (last_.has_value() && !(*last_ == total)) {
    if (minutes_.empty() || minutes_.back().number != number) {
      minutes_.push_back({.number = number, .start = last_time_});
    }
    analyze::Add(Difference(total, *last_), &minutes_.back().by);
  }
  last_ = total;
  if (first_time_ == absl::InfinitePast()) first_time_ = time;
  last_time_ = time;
}

model::WallIncrease WallWindow::Increase(int64_t minutes) const {
  model::WallIncrease increase;
  if (first_time_ == last_time_) return increase;
  const int64_t oldest = NumberOf(last_time_) - minutes + 1;
  absl::Time since = std::max(first_time_, absl::FromUnixSeconds(oldest * 60));
  for (const Minute& minute : minutes_) {
    if (minute.number < oldest) continue;
    // The reading before may be older.
    since = std::min(since, minute.start);
    analyze::Add(minute.by, &increase.by);
    const bool hit = minute.by.hits > 0 || minute.by.oom_kills > 0;
    if (hit && increase.first == absl::InfinitePast()) increase.first = minute.start;
  }
  increase.window = last_time_ - since;
  return increase;
}

}  // namespace listenq::analyze
