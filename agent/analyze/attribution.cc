#include "agent/analyze/attribution.h"

#include <algorithm>

namespace listenq::analyze {
namespace {

uint64_t Minus(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

// The counters of one file are not read at one instant: each cause is at most what the others leave.
model::DropCounts SplitByCause(const IntervalInput& interval) {
  model::DropCounts counts;
  counts.accept_queue_full = std::min(interval.overflows, interval.drops);
  uint64_t rest = interval.drops - counts.accept_queue_full;
  counts.syn_queue_full = std::min(interval.req_queue_full, rest);
  rest -= counts.syn_queue_full;
  if (interval.syncookies == 0) {
    counts.probably_syn_queue = rest;
  } else {
    counts.other = rest;
  }
  return counts;
}

bool ExactlyOneFull(const std::vector<MovedListener>& moved) {
  return std::count_if(moved.begin(), moved.end(),
                       [](const MovedListener& one) { return one.moved > 0 && one.full; }) == 1;
}

}  // namespace

IntervalDrops AttributeDrops(const IntervalInput& interval) {
  IntervalDrops result;
  if (interval.drops == 0) return result;
  result.counts = SplitByCause(interval);
  result.unattributed = interval.drops;

  uint64_t all_moved = 0;
  for (const MovedListener& one : interval.moved) all_moved += one.moved;
  const bool set_changed = interval.listener_set_changed || interval.drops_inner > all_moved;
  const bool infer = ExactlyOneFull(interval.moved);

  for (const MovedListener& one : interval.moved) {
    model::DropBounds drops;
    drops.max = std::min<uint64_t>(one.moved, interval.drops_outer);
    if (drops.max == 0) continue;
    if (!set_changed) drops.min = Minus(interval.drops_inner, all_moved - one.moved);
    if (infer && one.full) drops.inferred = Minus(std::min(interval.overflows, drops.max), drops.min);
    result.unattributed = Minus(result.unattributed, drops.min);
    result.shares.push_back({one.index, drops});
  }
  return result;
}

}  // namespace listenq::analyze
