// What happened on the node while nobody looked: samples of every listener, and drop episodes.
#ifndef LISTENQ_AGENT_ANALYZE_FLIGHT_RECORDER_H_
#define LISTENQ_AGENT_ANALYZE_FLIGHT_RECORDER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "agent/analyze/episode_store.h"
#include "agent/analyze/sample_store.h"
#include "agent/model/drop.h"
#include "agent/model/snapshot.h"
#include "agent/sys/mutex.h"

namespace listenq::analyze {

// Threading: every method is safe from every thread. Subscribers run on the thread that calls AddDrops, under
// no lock that another method takes, except that Unsubscribe waits for a running call of the one it removes.
// Failure: none; what exceeds a bound is dropped, the oldest first, and what was cut says so.
class FlightRecorder {
 public:
  struct Options {
    // Expire enforces it; until then one beat's samples may exceed it. Live namespaces and one sample of each
    // of their listeners are never dropped.
    size_t memory_limit_bytes = size_t{8} << 20;
    // Also for how long an ended namespace is kept.
    absl::Duration samples_for = absl::Minutes(15);
    absl::Duration episodes_for = absl::Hours(24);
    size_t max_episodes = 10000;
  };

  explicit FlightRecorder(const Options& options);
  ~FlightRecorder() = default;
  FlightRecorder(const FlightRecorder&) = delete;
  FlightRecorder& operator=(const FlightRecorder&) = delete;

  // A live namespace's published value. Keeps a sample of each listener that changed since its last one;
  // returns at once when the value is the same object as the last time.
  void AddSamples(const std::shared_ptr<const model::Namespace>& value, absl::Time now)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Merges the event into its namespace's episode, or opens one, then calls the subscribers. Returns the
  // event with its episode_id.
  model::DropEvent AddDrops(model::DropEvent event) ABSL_LOCKS_EXCLUDED(mutex_);
  // `last_values.ended` is set. Samples of this namespace are no longer taken.
  void End(const std::shared_ptr<const model::Namespace>& last_values) ABSL_LOCKS_EXCLUDED(mutex_);

  using DropCallback = std::function<void(const model::DropEvent&)>;
  // For every event added from now on. The callback must be quick, and must not call Unsubscribe or AddDrops.
  // Returns an id that is never 0.
  uint64_t Subscribe(DropCallback callback) ABSL_LOCKS_EXCLUDED(mutex_);
  // When this returns, no call runs and none will. An unknown id is ignored.
  void Unsubscribe(uint64_t id) ABSL_LOCKS_EXCLUDED(mutex_);

  // Those whose last drop is at or after `since`, the newest last drop first.
  [[nodiscard]] std::vector<model::DropEpisode> Episodes(absl::Time since) const ABSL_LOCKS_EXCLUDED(mutex_);
  // Samples of the namespaces, live and ended, that `wanted` takes; it is called under no lock. Namespaces by
  // serial, their listeners by key. A listener's first sample is the one that stood at `since`, with that
  // time.
  [[nodiscard]] std::vector<ListenerSamples> History(
      const std::function<bool(const model::Namespace&)>& wanted, absl::Time since) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  // The newest first, at most SampleStore::kMaxEnded.
  [[nodiscard]] std::vector<std::shared_ptr<const model::Namespace>> Ended() const
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Forgets what is too old and enforces the memory bound; call it every beat.
  void Expire(absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);
  // An estimate of all it holds, live namespaces' published values excepted.
  [[nodiscard]] size_t MemoryBytes() const ABSL_LOCKS_EXCLUDED(mutex_);
  [[nodiscard]] const Options& options() const { return options_; }

 private:
  // Its lock is held during a call, so that Unsubscribe can wait for the end of it.
  struct Subscriber {
    sys::Mutex mutex;
    DropCallback callback ABSL_GUARDED_BY(mutex);
  };

  [[nodiscard]] size_t MemoryBytesLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EnforceMemoryLimit() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  mutable sys::Mutex mutex_;
  SampleStore samples_ ABSL_GUARDED_BY(mutex_);
  EpisodeStore episodes_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_subscriber_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::pair<uint64_t, std::shared_ptr<Subscriber>>> subscribers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_FLIGHT_RECORDER_H_
