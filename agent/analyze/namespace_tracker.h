// What is known of one live namespace, from reading to reading.
#ifndef LISTENQ_AGENT_ANALYZE_NAMESPACE_TRACKER_H_
#define LISTENQ_AGENT_ANALYZE_NAMESPACE_TRACKER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "agent/analyze/attribution.h"
#include "agent/analyze/counter_window.h"
#include "agent/analyze/limit_state.h"
#include "agent/analyze/peak_window.h"
#include "agent/analyze/queue_watch.h"
#include "agent/model/acceptor.h"
#include "agent/model/connections.h"
#include "agent/model/drop.h"
#include "agent/model/listener.h"
#include "agent/model/netns.h"
#include "agent/model/owner.h"
#include "agent/model/reading.h"
#include "agent/model/snapshot.h"

namespace listenq::analyze {

// Turns readings into a model::Namespace, drops included. An interval is from one full reading to the next;
// refreshes between them only sample queues.
//
// Listeners are kept sorted by model::ListenerKey, in known() as in the published value. Dumps may miss or
// repeat a socket unannounced, so a listener is gone when two complete dumps in a row lack it. One that a
// truncated list lacks is kept, as long as those kept so are no more than the list itself.
//
// Threading: none; one thread uses it. What Publish and End return is immutable and may go anywhere.
// Failure: what a reading lacks keeps its last value, and the reading's errors say why.
class NamespaceTracker {
 public:
  NamespaceTracker(model::NetnsId id, absl::Time now);
  ~NamespaceTracker() = default;
  NamespaceTracker(const NamespaceTracker&) = delete;
  NamespaceTracker& operator=(const NamespaceTracker&) = delete;

  [[nodiscard]] const model::NetnsId& id() const { return *value_->id; }
  // As last read: what a refresh asks for. Valid until the next ApplyFull.
  [[nodiscard]] const std::vector<model::ListenerReading>& known() const { return known_; }
  // What Publish would give. Valid until the next change.
  [[nodiscard]] const model::Namespace& value() const { return *value_; }
  // The last samples saw a listener whose queue stays high or doesn't fall (model::AcceptLag).
  [[nodiscard]] bool lags() const { return lags_; }

  struct RefreshOutcome {
    // Something moved that only a full reading can explain: an sk_drops differs from the last full reading's,
    // a known listener did not answer, or an unknown one did.
    bool needs_full = false;
  };
  // O(listeners); allocates only if something changed since the last Publish.
  RefreshOutcome ApplyRefresh(const model::RefreshReading& reading);

  // The drops of the interval that this reading ends, if ListenDrops moved (episode_id is 0). The first
  // reading, and one whose ListenDrops went down, are baselines.
  std::optional<model::DropEvent> ApplyFull(model::NamespaceReading reading);

  // A visit failed: the last values stay, its errors replace the last visit's.
  void ApplyFailure(std::vector<model::PartError> errors, absl::Time time);
  // Errors from elsewhere (owners, processes): beside those of visits, until set anew.
  void SetErrors(std::vector<model::PartError> errors);
  // "" is observable.
  void SetNotObservable(std::string reason);
  // Null: not known.
  void SetDeclaredSysctls(std::shared_ptr<const std::map<std::string, std::string>> declared);

  void SetAcceptors(std::shared_ptr<const model::Acceptors> acceptors);
  void SetPortUse(std::shared_ptr<const model::PortUse> use);

  void SetOwners(std::shared_ptr<const std::vector<model::Owner>> owners);
  void SetNames(std::vector<std::string> names);
  void SetCookie(uint64_t cookie);
  void SetProcessCount(std::optional<uint32_t> count);
  // For every listener with this inode. Null: to be looked for again.
  void SetSocketProcesses(uint64_t inode, const std::shared_ptr<const model::SocketProcesses>& processes);
  // Of listeners whose processes are null, in the order of known(), without 0.
  [[nodiscard]] std::vector<uint64_t> InodesWithoutProcesses() const;

  // Never null. The same object as long as nothing changed.
  std::shared_ptr<const model::Namespace> Publish();
  // The last values, marked ended; without what only rules judge.
  [[nodiscard]] std::shared_ptr<const model::Namespace> End(absl::Time time) const;

 private:
  // What is remembered of known_[i] beside value_->listeners[i].
  struct Track {
    // At the last full reading that had it.
    std::optional<uint32_t> full_sk_drops;
    // Since the last full reading.
    uint32_t interval_peak = 0;
    bool was_full = false;
    // The last dump had it.
    bool present = true;
    // Since when it is known to have its limit.
    absl::Time listening_since;
    PeakWindow peaks;
    // Null while its queue is empty and nothing is to be remembered.
    std::unique_ptr<QueueWatch> watch;
  };
  // TcpExt ListenDrops and its parts.
  struct ListenCounters {
    uint64_t drops = 0;
    uint64_t overflows = 0;
    uint64_t req_queue_full = 0;
  };
  struct Baseline {
    ListenCounters after;
    uint64_t drops_before = 0;
    absl::Time time;
  };
  struct ListenerChanges {
    bool set_changed = false;
    std::vector<MovedListener> moved;
  };
  class Merge;

  static std::optional<ListenCounters> ReadListenCounters(const model::Counters& netstat);

  // value_ for writing: a copy of its own if it was published.
  model::Namespace& Mutable();
  [[nodiscard]] std::optional<size_t> Find(uint64_t key, size_t hint) const;
  void AdvancePeaks(absl::Time now);
  void Sample(size_t index, const model::ListenerReading& now, absl::Time time);
  // What AcceptLag becomes with this sample; `before` itself where that changes nothing.
  std::shared_ptr<const model::AcceptLag> Watch(Track& track, const model::ListenerReading& now,
                                                absl::Time time,
                                                const std::shared_ptr<const model::AcceptLag>& before);
  std::shared_ptr<const model::AcceptLag> NoteLag(const Track& track,
                                                  const std::shared_ptr<const model::AcceptLag>& before);
  void WatchOpens(uint64_t passive_opens, absl::Time time);
  void ClearRecentDrops();
  void ApplySysctls(const model::NamespaceReading& reading);
  void ClassifyLimits();
  [[nodiscard]] model::LimitState Classify(size_t index) const;
  ListenerChanges MergeListeners(const model::NamespaceReading& reading);
  // Nothing when this reading is a baseline.
  std::optional<IntervalInput> CloseInterval(const model::NamespaceReading& reading);
  model::DropEvent CountDrops(const IntervalInput& interval, absl::Time start, absl::Time end);
  void StartInterval();
  void StoreCounters(model::NamespaceReading reading);
  void StoreErrors(std::vector<model::PartError> visit_errors);

  std::shared_ptr<model::Namespace> value_;
  bool published_ = false;
  std::vector<model::ListenerReading> known_;
  std::vector<Track> tracks_;
  int64_t peak_bucket_;
  bool has_recent_drops_ = false;
  bool lags_ = false;
  std::optional<Baseline> baseline_;
  CounterWindow window_;
  std::optional<uint32_t> somaxconn_;
  std::optional<uint64_t> syncookies_;
  // The newest kMaxSomaxconnChanges.
  std::vector<SomaxconnChange> somaxconn_changes_;
  std::vector<model::PartError> visit_errors_;
  std::vector<model::PartError> other_errors_;
};

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_NAMESPACE_TRACKER_H_
