#include "agent/analyze/listener_history.h"

#include <algorithm>
#include <limits>

#include "agent/analyze/memory_size.h"

namespace listenq::analyze {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::min();

uint32_t Saturate(uint64_t value) {
  return static_cast<uint32_t>(std::min<uint64_t>(value, std::numeric_limits<uint32_t>::max()));
}

// A vector that grew for a burst does not keep the room for ever.
template <typename T>
void EraseFront(std::vector<T>& vector, size_t count) {
  vector.erase(vector.begin(), vector.begin() + static_cast<ptrdiff_t>(count));
  if (vector.capacity() > 2 * vector.size() + 4) vector.shrink_to_fit();
}

}  // namespace

ListenerHistory::Stamp ListenerHistory::MakeStamp(const model::ListenerReading& reading, int64_t time_ms) {
  return Stamp{.time_ms = time_ms,
               .has_sk_drops = reading.sk_drops.has_value(),
               .queue = reading.queue,
               .sk_drops = reading.sk_drops.value_or(0)};
}

ListenerHistory::ListenerHistory(const model::ListenerReading& reading, int64_t time_ms)
    : key_(model::ListenerKey(reading)), newest_(MakeStamp(reading, time_ms)), cut_ms_(kNever) {}

void ListenerHistory::Record(const model::ListenerReading& reading, int64_t time_ms) {
  gone_.reset();
  const Stamp now = MakeStamp(reading, time_ms);
  if (now.queue == newest_.queue && now.has_sk_drops == newest_.has_sk_drops &&
      now.sk_drops == newest_.sk_drops) {
    return;
  }
  older_.push_back(newest_);
  newest_ = now;
}

void ListenerHistory::AddDrops(const model::DropBounds& drops, int64_t time_ms) {
  drops_.push_back({time_ms, Saturate(drops.min), Saturate(drops.max)});
}

void ListenerHistory::MarkGone(const model::ListenerReading& last, int64_t time_ms) {
  gone_ = std::make_unique<Gone>(Gone{last, time_ms});
}

std::vector<Sample> ListenerHistory::Since(int64_t since_ms) const {
  std::vector<Sample> samples;
  auto drop = drops_.begin();
  while (drop != drops_.end() && drop->time_ms < since_ms) ++drop;
  for (size_t i = CountOlder(since_ms); i <= older_.size(); ++i) {
    const Stamp& stamp = i < older_.size() ? older_[i] : newest_;
    const int64_t next_ms = i < older_.size() ? (i + 1 < older_.size() ? older_[i + 1] : newest_).time_ms
                                              : std::numeric_limits<int64_t>::max();
    Sample sample{.time = absl::FromUnixMillis(std::max<int64_t>(stamp.time_ms, since_ms)),
                  .queue = stamp.queue};
    if (stamp.has_sk_drops != 0) sample.sk_drops = stamp.sk_drops;
    samples.push_back(sample);
    for (; drop != drops_.end() && drop->time_ms < next_ms; ++drop) {
      const absl::Time time = absl::FromUnixMillis(drop->time_ms);
      if (time > samples.back().time) {
        sample.time = time;
        samples.push_back(sample);
      }
      samples.back().drops_min += drop->min;
      samples.back().drops_max += drop->max;
    }
  }
  return samples;
}

size_t ListenerHistory::CountOlder(int64_t oldest_ms) const {
  size_t count = 0;
  while (count < older_.size()) {
    const int64_t next_ms = (count + 1 < older_.size() ? older_[count + 1] : newest_).time_ms;
    if (next_ms > oldest_ms) break;
    ++count;
  }
  return count;
}

size_t ListenerHistory::CountDrops(int64_t oldest_ms) const {
  const auto first_kept = std::find_if(drops_.begin(), drops_.end(),
                                       [&](const DropStamp& drop) { return drop.time_ms >= oldest_ms; });
  return static_cast<size_t>(first_kept - drops_.begin());
}

void ListenerHistory::Expire(int64_t oldest_ms) {
  if (const size_t count = CountOlder(oldest_ms); count > 0 && count * 4 >= older_.size()) {
    EraseFront(older_, count);
  }
  if (const size_t count = CountDrops(oldest_ms); count > 0 && count * 4 >= drops_.size()) {
    EraseFront(drops_, count);
  }
}

void ListenerHistory::Cut(int64_t oldest_ms) {
  const size_t older = CountOlder(oldest_ms);
  const size_t drops = CountDrops(oldest_ms);
  if (older + drops > 0) cut_ms_ = std::max(cut_ms_, oldest_ms);
  older_.erase(older_.begin(), older_.begin() + static_cast<ptrdiff_t>(older));
  drops_.erase(drops_.begin(), drops_.begin() + static_cast<ptrdiff_t>(drops));
  older_.shrink_to_fit();
  drops_.shrink_to_fit();
}

size_t ListenerHistory::HeapBytes() const {
  return CapacityBytes(older_) + CapacityBytes(drops_) + (gone_ != nullptr ? sizeof(Gone) : 0);
}

}  // namespace listenq::analyze
