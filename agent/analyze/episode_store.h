// Drop episodes, bounded by age and number.
#ifndef LISTENQ_AGENT_ANALYZE_EPISODE_STORE_H_
#define LISTENQ_AGENT_ANALYZE_EPISODE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "agent/analyze/memory_size.h"
#include "agent/model/drop.h"
#include "agent/model/netns.h"

namespace listenq::analyze {

// Not thread-safe: FlightRecorder's lock guards it.
class EpisodeStore {
 public:
  explicit EpisodeStore(size_t max_episodes) : max_episodes_(max_episodes) {}

  // Into the namespace's last episode if less than DropEpisode::kPause passed since it, else into a new one.
  // Returns its id: 1, 2, 3, ….
  uint64_t Add(const model::DropEvent& event);
  // Those whose last drop is at or after `since`, the newest last drop first.
  [[nodiscard]] std::vector<model::DropEpisode> Since(absl::Time since) const;
  // Forgets those whose last drop is before `oldest`.
  void Expire(absl::Time oldest);
  // Forgets the one whose last drop is longest ago; false when there is none.
  bool DropOldest();
  [[nodiscard]] size_t MemoryBytes() const { return bytes_ + shared_.bytes(); }

 private:
  model::DropEpisode* FindOngoing(const model::DropEvent& event);
  model::DropEpisode& Open(const model::DropEvent& event);
  void Merge(model::DropEpisode& episode, const model::DropEvent& event);
  // Around every change of an episode, so that the sums below stay right.
  void Count(const model::DropEpisode& episode);
  void Uncount(const model::DropEpisode& episode);

  const size_t max_episodes_;
  uint64_t last_id_ = 0;
  std::map<uint64_t, model::DropEpisode> episodes_;
  std::set<std::pair<absl::Time, uint64_t>> by_last_;
  // The newest episode of each namespace that has one.
  absl::flat_hash_map<model::NetnsSerial, uint64_t> newest_;
  size_t bytes_ = 0;
  SharedSizes shared_;
};

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_EPISODE_STORE_H_
