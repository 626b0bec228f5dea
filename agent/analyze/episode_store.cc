#include "agent/analyze/episode_store.h"

#include <algorithm>

#include "agent/analyze/drop_shares.h"
#include "agent/model/listener.h"

namespace listenq::analyze {
namespace {

void MergeShare(std::vector<model::DropShare>& shares, const model::DropShare& more) {
  const uint64_t key = model::ListenerKey(more.listener);
  const auto same = std::find_if(shares.begin(), shares.end(), [key](const model::DropShare& share) {
    return model::ListenerKey(share.listener) == key;
  });
  if (same == shares.end()) {
    shares.push_back(more);
    return;
  }
  same->listener = more.listener;
  if (more.processes != nullptr) same->processes = more.processes;
  same->drops += more.drops;
  same->last = more.last;
  same->peak_queue = std::max(same->peak_queue, more.peak_queue);
}

size_t OwnBytes(const model::DropEpisode& episode) {
  // Its nodes in episodes_ and by_last_, and its slot in newest_ at half load.
  constexpr size_t kIndexes = 2 * kTreeNodeBytes + sizeof(std::pair<absl::Time, uint64_t>) +
                              2 * (sizeof(std::pair<model::NetnsSerial, uint64_t>) + 1);
  return sizeof(uint64_t) + sizeof(episode) + CapacityBytes(episode.shares) + kIndexes;
}

}  // namespace

uint64_t EpisodeStore::Add(const model::DropEvent& event) {
  model::DropEpisode* ongoing = FindOngoing(event);
  model::DropEpisode& episode = ongoing != nullptr ? *ongoing : Open(event);
  Merge(episode, event);
  const uint64_t id = episode.id;
  while (episodes_.size() > max_episodes_ && by_last_.begin()->second != id) DropOldest();
  return id;
}

model::DropEpisode* EpisodeStore::FindOngoing(const model::DropEvent& event) {
  const auto newest = newest_.find(event.netns->serial);
  if (newest == newest_.end()) return nullptr;
  model::DropEpisode& episode = episodes_.at(newest->second);
  return event.start - episode.last < model::DropEpisode::kPause ? &episode : nullptr;
}

model::DropEpisode& EpisodeStore::Open(const model::DropEvent& event) {
  const uint64_t id = ++last_id_;
  model::DropEpisode& episode = episodes_[id];
  episode.id = id;
  episode.start = event.start;
  episode.last = event.end;
  newest_[event.netns->serial] = id;
  Count(episode);
  return episode;
}

void EpisodeStore::Merge(model::DropEpisode& episode, const model::DropEvent& event) {
  Uncount(episode);
  episode.netns = event.netns;
  if (event.owners != nullptr) episode.owners = event.owners;
  episode.last = std::max(episode.last, event.end);
  episode.counts += event.counts;
  episode.unattributed += event.unattributed;
  episode.shares.reserve(episode.shares.size() + event.shares.size());
  for (const model::DropShare& share : event.shares) MergeShare(episode.shares, share);
  BoundShares(episode);
  episode.shares.shrink_to_fit();
  Count(episode);
}

std::vector<model::DropEpisode> EpisodeStore::Since(absl::Time since) const {
  std::vector<model::DropEpisode> found;
  for (auto it = by_last_.rbegin(); it != by_last_.rend() && it->first >= since; ++it) {
    found.push_back(episodes_.at(it->second));
  }
  return found;
}

void EpisodeStore::Expire(absl::Time oldest) {
  while (!by_last_.empty() && by_last_.begin()->first < oldest) DropOldest();
}

bool EpisodeStore::DropOldest() {
  if (by_last_.empty()) return false;
  const auto oldest = episodes_.find(by_last_.begin()->second);
  const model::NetnsSerial serial = oldest->second.netns->serial;
  if (newest_.at(serial) == oldest->first) newest_.erase(serial);
  Uncount(oldest->second);
  episodes_.erase(oldest);
  return true;
}

void EpisodeStore::Count(const model::DropEpisode& episode) {
  by_last_.emplace(episode.last, episode.id);
  bytes_ += OwnBytes(episode);
  shared_.Hold(episode.netns);
  shared_.Hold(episode.owners);
  for (const model::DropShare& share : episode.shares) shared_.Hold(share.processes);
}

void EpisodeStore::Uncount(const model::DropEpisode& episode) {
  by_last_.erase({episode.last, episode.id});
  bytes_ -= OwnBytes(episode);
  shared_.Release(episode.netns);
  shared_.Release(episode.owners);
  for (const model::DropShare& share : episode.shares) shared_.Release(share.processes);
}

}  // namespace listenq::analyze
