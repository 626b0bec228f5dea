#include "client/timeline.h"

#include <algorithm>

#include "client/words.h"

namespace listenq::client {

size_t Buckets::IndexOf(absl::Time time) const {
  if (time <= start || end <= start) return 0;
  const double part = absl::FDivDuration(time - start, end - start);
  return std::min(count - 1, static_cast<size_t>(part * static_cast<double>(count)));
}

std::vector<uint64_t> QueueCells(const v1::ListenerHistory& history, const Buckets& buckets) {
  std::vector<uint64_t> cells(buckets.count, 0);
  const absl::Time held_until = history.has_end_time() ? ToTime(history.end_time()) : buckets.end;
  for (int i = 0; i < history.samples_size(); ++i) {
    const v1::HistorySample& sample = history.samples(i);
    const absl::Time until =
        i + 1 < history.samples_size() ? ToTime(history.samples(i + 1).time()) : held_until;
    if (until < buckets.start || ToTime(sample.time()) > buckets.end) continue;
    const size_t last = buckets.IndexOf(std::min(until, buckets.end));
    for (size_t cell = buckets.IndexOf(ToTime(sample.time())); cell <= last; ++cell) {
      cells[cell] = std::max<uint64_t>(cells[cell], sample.queue());
    }
  }
  return cells;
}

std::vector<uint64_t> DropCells(const v1::ListenerHistory& history, const Buckets& buckets) {
  std::vector<uint64_t> cells(buckets.count, 0);
  for (const v1::HistorySample& sample : history.samples()) {
    const absl::Time time = ToTime(sample.time());
    if (time >= buckets.start && time <= buckets.end) cells[buckets.IndexOf(time)] += sample.drops_min();
  }
  return cells;
}

v1::ListenDrops TotalOf(const v1::ListenerHistory& history, const Buckets& buckets) {
  v1::ListenDrops total;
  for (const v1::HistorySample& sample : history.samples()) {
    if (ToTime(sample.time()) < buckets.start) continue;
    total.set_min(total.min() + sample.drops_min());
    total.set_max(total.max() + sample.drops_max());
  }
  return total;
}

std::optional<absl::Time> FullSince(const v1::ListenerHistory& history) {
  if (!history.has_limit()) return std::nullopt;
  std::optional<absl::Time> since;
  for (const v1::HistorySample& sample : history.samples()) {
    if (!sample.has_queue() || sample.queue() <= history.limit()) {
      since.reset();
    } else if (!since) {
      since = ToTime(sample.time());
    }
  }
  return since;
}

}  // namespace listenq::client
