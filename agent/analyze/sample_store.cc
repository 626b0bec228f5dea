#include "agent/analyze/sample_store.h"

#include <algorithm>
#include <limits>

namespace listenq::analyze {
namespace {

// A slot of a flat_hash_map at half load.
template <typename Map>
constexpr size_t kSlotBytes = 2 * (sizeof(typename Map::value_type) + 1);

std::vector<ListenerHistory>::iterator FindKey(std::vector<ListenerHistory>& listeners, size_t end,
                                               uint64_t key, size_t hint) {
  const auto last = listeners.begin() + static_cast<ptrdiff_t>(end);
  if (hint < end && listeners[hint].key() == key) return listeners.begin() + static_cast<ptrdiff_t>(hint);
  const auto found =
      std::lower_bound(listeners.begin(), last, key,
                       [](const ListenerHistory& one, uint64_t wanted) { return one.key() < wanted; });
  return found != last && found->key() == key ? found : last;
}

using ListenersByKey = absl::flat_hash_map<uint64_t, const model::Listener*>;

ListenersByKey ByKey(const model::Namespace& value) {
  ListenersByKey listeners;
  for (const model::Listener& listener : value.listeners) {
    listeners.emplace(model::ListenerKey(listener.reading), &listener);
  }
  return listeners;
}

}  // namespace

void SampleStore::Add(const std::shared_ptr<const model::Namespace>& value, absl::Time now) {
  NamespaceHistory& history = histories_[value->id->serial];
  if (history.ended) return;
  history.last = now;
  if (history.value == value) return;
  Record(history, value, now);
  Measure(history);
}

void SampleStore::Record(NamespaceHistory& history, const std::shared_ptr<const model::Namespace>& value,
                         absl::Time now) {
  const int64_t now_ms = absl::ToUnixMillis(now);
  const size_t known = history.listeners.size();
  ++history.generation;
  size_t hint = 0;
  for (const model::Listener& listener : value->listeners) {
    const uint64_t key = model::ListenerKey(listener.reading);
    const auto found = FindKey(history.listeners, known, key, hint);
    const auto index = static_cast<size_t>(found - history.listeners.begin());
    if (index == known) {
      history.listeners.emplace_back(listener.reading, now_ms).generation = history.generation;
      continue;
    }
    found->generation = history.generation;
    found->Record(listener.reading, now_ms);
    hint = index + 1;
  }
  MarkGone(history, now);
  history.value = value;
  if (history.listeners.size() == known) return;
  std::sort(history.listeners.begin(), history.listeners.end(),
            [](const ListenerHistory& a, const ListenerHistory& b) { return a.key() < b.key(); });
}

void SampleStore::MarkGone(NamespaceHistory& history, absl::Time now) {
  ListenersByKey last;
  for (ListenerHistory& listener : history.listeners) {
    if (listener.generation == history.generation || listener.gone() != nullptr) continue;
    if (last.empty()) last = ByKey(*history.value);
    listener.MarkGone(last.at(listener.key())->reading, absl::ToUnixMillis(now));
  }
}

void SampleStore::AddDrops(const model::DropEvent& event) {
  const auto history = histories_.find(event.netns->serial);
  if (history == histories_.end() || history->second.ended) return;
  std::vector<ListenerHistory>& listeners = history->second.listeners;
  for (const model::DropShare& share : event.shares) {
    const auto found = FindKey(listeners, listeners.size(), model::ListenerKey(share.listener), 0);
    if (found != listeners.end()) found->AddDrops(share.drops, absl::ToUnixMillis(event.end));
  }
  Measure(history->second);
}

void SampleStore::End(const std::shared_ptr<const model::Namespace>& last_values) {
  NamespaceHistory& history = histories_[last_values->id->serial];
  if (history.ended) return;
  Record(history, last_values, *last_values->ended);
  history.last = *last_values->ended;
  history.ended = true;
  HoldShared(*last_values);
  Measure(history);
  const auto place =
      std::upper_bound(ended_.begin(), ended_.end(), *last_values->ended,
                       [](absl::Time time, const auto& other) { return time < *other->ended; });
  ended_.insert(place, last_values);
  while (ended_.size() > kMaxEnded) DropOldestEnded();
}

// What an ended namespace shares with its former selves is ours alone from now on.
void SampleStore::HoldShared(const model::Namespace& ended) {
  shared_.Hold(ended.id);
  shared_.Hold(ended.owners);
  shared_.Hold(ended.sysctls);
  for (const model::Listener& listener : ended.listeners) shared_.Hold(listener.processes);
}

void SampleStore::ReleaseShared(const model::Namespace& ended) {
  shared_.Release(ended.id);
  shared_.Release(ended.owners);
  shared_.Release(ended.sysctls);
  for (const model::Listener& listener : ended.listeners) shared_.Release(listener.processes);
}

std::vector<std::shared_ptr<const model::Namespace>> SampleStore::Namespaces() const {
  std::vector<std::shared_ptr<const model::Namespace>> values;
  values.reserve(histories_.size());
  for (const auto& [serial, history] : histories_) values.push_back(history.value);
  return values;
}

std::vector<std::shared_ptr<const model::Namespace>> SampleStore::Ended() const {
  return {ended_.rbegin(), ended_.rend()};
}

void SampleStore::Append(model::NetnsSerial serial, absl::Time since,
                         std::vector<ListenerSamples>& to) const {
  const auto found = histories_.find(serial);
  if (found == histories_.end()) return;
  const NamespaceHistory& history = found->second;
  const int64_t since_ms = absl::ToUnixMillis(since);
  const ListenersByKey live = ByKey(*history.value);
  for (const ListenerHistory& listener : history.listeners) {
    const ListenerHistory::Gone* gone = listener.gone();
    const absl::Time end = gone != nullptr ? absl::FromUnixMillis(gone->time_ms) : history.last;
    if (end < since) continue;
    to.push_back({.netns = history.value->id,
                  .owners = history.value->owners,
                  .listener = gone != nullptr ? gone->last : live.at(listener.key())->reading,
                  .processes = gone != nullptr ? nullptr : live.at(listener.key())->processes,
                  .samples = listener.Since(since_ms),
                  .truncated = listener.TruncatedSince(since_ms),
                  .end = end});
  }
}

void SampleStore::Measure(NamespaceHistory& history) {
  size_t heap = 0;
  size_t gone = 0;
  for (const ListenerHistory& listener : history.listeners) {
    heap += listener.HeapBytes();
    if (listener.gone() != nullptr) gone += sizeof(ListenerHistory);
  }
  size_t bytes = kSlotBytes<decltype(histories_)> + CapacityBytes(history.listeners) + heap;
  if (history.ended) bytes += SizeOf(*history.value);
  bytes_ += bytes - history.bytes;
  history.bytes = bytes;
  history.removable_bytes = heap + gone;
}

size_t SampleStore::EndedBytes() const {
  size_t bytes = shared_.bytes();
  for (const auto& [serial, history] : histories_) {
    if (history.ended) bytes += history.bytes;
  }
  return bytes;
}

void SampleStore::Expire(absl::Time now) {
  while (!ended_.empty() && *ended_.front()->ended < now - samples_for_) DropOldestEnded();
  const absl::Duration since_sweep = now - last_sweep_;
  if (since_sweep < kSweepInterval && since_sweep > -kSweepInterval) return;
  last_sweep_ = now;
  Sweep(now);
}

void SampleStore::Sweep(absl::Time now) {
  const absl::Time oldest = now - samples_for_;
  const int64_t oldest_ms = absl::ToUnixMillis(oldest);
  for (auto it = histories_.begin(); it != histories_.end();) {
    NamespaceHistory& history = it->second;
    // Given up without End.
    if (!history.ended && history.last < oldest) {
      bytes_ -= history.bytes;
      histories_.erase(it++);
      continue;
    }
    for (ListenerHistory& listener : history.listeners) listener.Expire(oldest_ms);
    EraseGone(history, oldest_ms);
    Measure(history);
    ++it;
  }
}

void SampleStore::EraseGone(NamespaceHistory& history, int64_t until_ms) {
  std::vector<ListenerHistory>& listeners = history.listeners;
  const auto kept_end =
      std::remove_if(listeners.begin(), listeners.end(), [until_ms](const ListenerHistory& listener) {
        return listener.gone() != nullptr && listener.gone()->time_ms < until_ms;
      });
  if (kept_end == listeners.end()) return;
  listeners.erase(kept_end, listeners.end());
  listeners.shrink_to_fit();
}

bool SampleStore::CutLargest() {
  const auto largest = std::max_element(
      histories_.begin(), histories_.end(),
      [](const auto& a, const auto& b) { return a.second.removable_bytes < b.second.removable_bytes; });
  if (largest == histories_.end() || largest->second.removable_bytes == 0) return false;
  Cut(largest->second);
  return true;
}

void SampleStore::Cut(NamespaceHistory& history) {
  const size_t before = history.bytes;
  const int64_t end_ms = absl::ToUnixMillis(history.last) + 1;
  int64_t oldest_ms = end_ms;
  int64_t newest_ms = 0;
  for (const ListenerHistory& listener : history.listeners) {
    newest_ms = std::max(newest_ms, listener.newest_ms());
    if (listener.HeapBytes() > 0) oldest_ms = std::min(oldest_ms, listener.oldest_ms());
  }
  newest_ms = std::max(newest_ms, end_ms);
  for (int quarter = 1; quarter <= 4 && history.bytes == before; ++quarter) {
    const int64_t cut_ms = oldest_ms + (newest_ms - oldest_ms) * quarter / 4;
    for (ListenerHistory& listener : history.listeners) listener.Cut(cut_ms);
    EraseGone(history, cut_ms);
    Measure(history);
  }
  if (history.bytes != before) return;
  // Drops noted after the last sample: the clock was set back.
  for (ListenerHistory& listener : history.listeners) listener.Cut(std::numeric_limits<int64_t>::max());
  EraseGone(history, std::numeric_limits<int64_t>::max());
  Measure(history);
}

bool SampleStore::DropOldestEnded() {
  if (ended_.empty()) return false;
  const auto history = histories_.find(ended_.front()->id->serial);
  ReleaseShared(*ended_.front());
  bytes_ -= history->second.bytes;
  histories_.erase(history);
  ended_.erase(ended_.begin());
  return true;
}

}  // namespace listenq::analyze
