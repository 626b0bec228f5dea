#include "agent/analyze/flight_recorder.h"

#include <algorithm>

#include "agent/model/netns.h"

namespace listenq::analyze {

FlightRecorder::FlightRecorder(const Options& options)
    : options_(options), samples_(options.samples_for), episodes_(options.max_episodes) {}

void FlightRecorder::AddSamples(const std::shared_ptr<const model::Namespace>& value, absl::Time now) {
  sys::MutexLock lock(mutex_);
  samples_.Add(value, now);
}

model::DropEvent FlightRecorder::AddDrops(model::DropEvent event) {
  std::vector<std::pair<uint64_t, std::shared_ptr<Subscriber>>> subscribers;
  {
    sys::MutexLock lock(mutex_);
    event.episode_id = episodes_.Add(event);
    samples_.AddDrops(event);
    subscribers = subscribers_;
  }
  for (const auto& [id, subscriber] : subscribers) {
    sys::MutexLock lock(subscriber->mutex);
    if (subscriber->callback != nullptr) subscriber->callback(event);
  }
  return event;
}

void FlightRecorder::End(const std::shared_ptr<const model::Namespace>& last_values) {
  sys::MutexLock lock(mutex_);
  samples_.End(last_values);
}

uint64_t FlightRecorder::Subscribe(DropCallback callback) {
  auto subscriber = std::make_shared<Subscriber>();
  {
    sys::MutexLock lock(subscriber->mutex);
    subscriber->callback = std::move(callback);
  }
  sys::MutexLock lock(mutex_);
  subscribers_.emplace_back(++last_subscriber_id_, std::move(subscriber));
  return last_subscriber_id_;
}

void FlightRecorder::Unsubscribe(uint64_t id) {
  std::shared_ptr<Subscriber> removed;
  {
    sys::MutexLock lock(mutex_);
    const auto found = std::find_if(subscribers_.begin(), subscribers_.end(),
                                    [id](const auto& subscriber) { return subscriber.first == id; });
    if (found == subscribers_.end()) return;
    removed = std::move(found->second);
    subscribers_.erase(found);
  }
  sys::MutexLock lock(removed->mutex);
  removed->callback = nullptr;
}

std::vector<model::DropEpisode> FlightRecorder::Episodes(absl::Time since) const {
  sys::MutexLock lock(mutex_);
  return episodes_.Since(since);
}

std::vector<ListenerSamples> FlightRecorder::History(
    const std::function<bool(const model::Namespace&)>& wanted, absl::Time since) const {
  std::vector<std::shared_ptr<const model::Namespace>> values;
  {
    sys::MutexLock lock(mutex_);
    values = samples_.Namespaces();
  }
  std::vector<model::NetnsSerial> serials;
  for (const auto& value : values) {
    if (wanted(*value)) serials.push_back(value->id->serial);
  }
  std::sort(serials.begin(), serials.end());
  std::vector<ListenerSamples> found;
  sys::MutexLock lock(mutex_);
  for (const model::NetnsSerial serial : serials) samples_.Append(serial, since, found);
  return found;
}

std::vector<std::shared_ptr<const model::Namespace>> FlightRecorder::Ended() const {
  sys::MutexLock lock(mutex_);
  return samples_.Ended();
}

void FlightRecorder::Expire(absl::Time now) {
  sys::MutexLock lock(mutex_);
  episodes_.Expire(now - options_.episodes_for);
  samples_.Expire(now);
  if (MemoryBytesLocked() > options_.memory_limit_bytes) EnforceMemoryLimit();
}

// To an eighth below the limit, so that the next beats have nothing to do. Neither ended namespaces nor
// episodes may crowd out the samples by holding more than half of it.
void FlightRecorder::EnforceMemoryLimit() {
  const size_t target = options_.memory_limit_bytes - options_.memory_limit_bytes / 8;
  const size_t half = options_.memory_limit_bytes / 2;
  const auto over = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return MemoryBytesLocked() > target; };
  while (over() && samples_.EndedBytes() > half && samples_.DropOldestEnded()) continue;
  while (over() && episodes_.MemoryBytes() > half && episodes_.DropOldest()) continue;
  while (over() && samples_.CutLargest()) continue;
  while (over() && samples_.DropOldestEnded()) continue;
  while (over() && episodes_.DropOldest()) continue;
}

size_t FlightRecorder::MemoryBytes() const {
  sys::MutexLock lock(mutex_);
  return MemoryBytesLocked();
}

size_t FlightRecorder::MemoryBytesLocked() const { return samples_.MemoryBytes() + episodes_.MemoryBytes(); }

}  // namespace listenq::analyze
