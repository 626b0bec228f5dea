// Each listener's queue and sk_drops over time, only their changes, and the namespaces that ended.
#ifndef LISTENQ_AGENT_ANALYZE_SAMPLE_STORE_H_
#define LISTENQ_AGENT_ANALYZE_SAMPLE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "agent/analyze/listener_history.h"
#include "agent/analyze/memory_size.h"
#include "agent/model/drop.h"
#include "agent/model/listener.h"
#include "agent/model/netns.h"
#include "agent/model/owner.h"
#include "agent/model/snapshot.h"

namespace listenq::analyze {

// The samples of one listener.
struct ListenerSamples {
  std::shared_ptr<const model::NetnsId> netns;
  std::shared_ptr<const std::vector<model::Owner>> owners;
  // As last read.
  model::ListenerReading listener;
  // Null: not known, as of one that is gone.
  std::shared_ptr<const model::SocketProcesses> processes;
  // Oldest first; each stands until the next one.
  std::vector<Sample> samples;
  // Older samples were dropped to keep the memory bound.
  bool truncated = false;
  // The last sample held until here: the listener's or the namespace's end, or the last beat.
  absl::Time end;
};

// Not thread-safe: FlightRecorder's lock guards it.
class SampleStore {
 public:
  explicit SampleStore(absl::Duration samples_for) : samples_for_(samples_for) {}

  // Returns at once when `value` is the same object as the last time.
  void Add(const std::shared_ptr<const model::Namespace>& value, absl::Time now);
  // Notes the bounds of the event's shares with their listeners' samples.
  void AddDrops(const model::DropEvent& event);
  // `last_values.ended` is set.
  void End(const std::shared_ptr<const model::Namespace>& last_values);

  // Live and ended, in no order.
  [[nodiscard]] std::vector<std::shared_ptr<const model::Namespace>> Namespaces() const;
  // Ended, the newest first, at most kMaxEnded.
  [[nodiscard]] std::vector<std::shared_ptr<const model::Namespace>> Ended() const;
  // Appends the samples of one namespace since then.
  void Append(model::NetnsSerial serial, absl::Time since, std::vector<ListenerSamples>& to) const;

  // Forgets what is older than samples_for. Looks at listeners every kSweepInterval only.
  void Expire(absl::Time now);
  // Drops the older quarter of the samples of the namespace that has most, then its listeners that are gone.
  // False when nothing is left that may be dropped so.
  bool CutLargest();
  // Forgets the namespace that ended first; false when there is none.
  bool DropOldestEnded();
  [[nodiscard]] size_t MemoryBytes() const { return bytes_ + shared_.bytes(); }
  // The part of it that ended namespaces have. O(namespaces).
  [[nodiscard]] size_t EndedBytes() const;

  static constexpr size_t kMaxEnded = 500;
  static constexpr absl::Duration kSweepInterval = absl::Seconds(10);

 private:
  struct NamespaceHistory {
    std::shared_ptr<const model::Namespace> value;
    absl::Time last;
    // Sorted by key.
    std::vector<ListenerHistory> listeners;
    uint32_t generation = 0;
    bool ended = false;
    // What it adds to bytes_, and how much of that a cut could free.
    size_t bytes = 0;
    size_t removable_bytes = 0;
  };

  static void Record(NamespaceHistory& history, const std::shared_ptr<const model::Namespace>& value,
                     absl::Time now);
  static void MarkGone(NamespaceHistory& history, absl::Time now);
  void Measure(NamespaceHistory& history);
  void Cut(NamespaceHistory& history);
  static void EraseGone(NamespaceHistory& history, int64_t until_ms);
  void Sweep(absl::Time now);
  void HoldShared(const model::Namespace& ended);
  void ReleaseShared(const model::Namespace& ended);

  const absl::Duration samples_for_;
  absl::flat_hash_map<model::NetnsSerial, NamespaceHistory> histories_;
  // The first to end first.
  std::vector<std::shared_ptr<const model::Namespace>> ended_;
  absl::Time last_sweep_ = absl::InfinitePast();
  size_t bytes_ = 0;
  SharedSizes shared_;
};

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_SAMPLE_STORE_H_
