// Joins discover, collect and analyze: one beat looks at the node and publishes what it saw.
#ifndef LISTENQ_AGENT_SCANNER_H_
#define LISTENQ_AGENT_SCANNER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "agent/acceptor_watch.h"
#include "agent/analyze/flight_recorder.h"
#include "agent/analyze/namespace_tracker.h"
#include "agent/collect/collector.h"
#include "agent/collect/connection_walker.h"
#include "agent/discover/discovery.h"
#include "agent/discover/names.h"
#include "agent/discover/naming.h"
#include "agent/model/snapshot.h"
#include "agent/self_cost.h"
#include "agent/serve/node_view.h"
#include "agent/sys/clock.h"
#include "agent/sys/mutex.h"

namespace listenq::agent {

struct ScannerOptions {
  std::string node_name;
  discover::Discovery::Options discovery;
  collect::Collector::Options collector;
  analyze::FlightRecorder::Options recorder;
  // Between two beats: how often the known listeners are read.
  absl::Duration beat = absl::Seconds(1);
  // Counters and a list of listeners of every namespace.
  absl::Duration full_interval = absl::Seconds(5);
  // All sysctls, all processes.
  absl::Duration slow_interval = absl::Minutes(1);
  // How long a request keeps a namespace hot: all of it at every beat.
  absl::Duration hot_time = absl::Seconds(30);
  // Name the processes of listeners.
  bool name_processes = true;
};

// Contract: Beat() brings everything up to date and publishes a snapshot.
// Threading: Beat() on one thread that never enters a namespace; NodeView's functions on any.
// Failure: a namespace that can't be read stays in the snapshot with its errors; one that vanishes in the
// middle
//   is counted, and kept as ended.
class Scanner final : public serve::NodeView {
 public:
  // `names` tells whose containers are; null is nobody knows.
  Scanner(ScannerOptions options, const sys::Clock* clock, discover::NameSource* names = nullptr);

  void Beat();
  // The last beat began later than it should have: counted.
  void CountLateBeat() { ++node_.late_beats; }

  std::shared_ptr<const model::Snapshot> Latest() const override;
  analyze::FlightRecorder& Recorder() const override { return *recorder_; }
  void Heat(absl::Span<const model::NetnsSerial> namespaces) override;
  // Of a live namespace; taken over by the next beat. On any thread.
  void SetPortUse(model::NetnsSerial serial, std::shared_ptr<const model::PortUse> use);
  // For who visits a live namespace on his own account: absent when it is not there any more. On any thread.
  std::optional<collect::WayIn> FindWayIn(model::NetnsSerial serial) const;

 private:
  // One live namespace.
  struct Entry {
    Entry(model::NetnsId id, absl::Time now) : tracker(std::move(id), now) {}

    analyze::NamespaceTracker tracker;
    AcceptorWatch::Watched watched;
    collect::RefreshPlan plan;
    collect::VerdictFiles verdict_files;
    discover::FoundNamespace found;
    // What the owners were made of.
    std::shared_ptr<const discover::Names> names;
    absl::Time named = absl::InfinitePast();
    bool has_runtime_names = false;
    std::string not_observable_reason;
    collect::WayIn way_in;
    // As of the last full reading.
    std::optional<uint64_t> listen_drops;
    model::SocketCounts sockets;
    std::shared_ptr<const model::Sysctls> sysctls;
    absl::Time next_full = absl::InfinitePast();
    absl::Time next_slow = absl::InfinitePast();
    // Where sock_diag can't be asked there is nothing to refresh.
    bool refreshable = false;
    // A process that held a listener may be gone.
    bool pids_changed = true;
    bool hot = false;
    // The refresh of this beat found something that only a dump and the drop counters explain.
    bool moved = false;
  };
  using Entries = absl::flat_hash_map<sys::FileId, std::unique_ptr<Entry>>;

  void Discover(absl::Time now);
  void Adopt(discover::FoundNamespace found, absl::Time now);
  std::unique_ptr<Entry> MakeEntry(const discover::FoundNamespace& found, absl::Time now);
  void Update(Entry* entry, discover::FoundNamespace found, absl::Time now);
  void SetWayIn(Entry* entry);
  // Whose it is, if that may have changed.
  void Name(Entry* entry, bool changed, absl::Time now);
  // A guest kernel's namespace shows no listeners. (A socket that is there can be seen.)
  static void SetObservable(Entry* entry);
  void NoteSources();
  void End(Entry* entry, absl::Time now);
  void MarkHot(absl::Time now);
  void TakePortUse();

  [[nodiscard]] bool IsDue(absl::Time when, absl::Time now) const;
  // Returns those that need a full reading at once.
  std::vector<Entry*> RefreshAll(absl::Time now);
  void ReadAll(const std::vector<Entry*>& entries, absl::Time now);
  collect::Target MakeTarget(Entry* entry, absl::Time now) const;
  void Apply(Entry* entry, absl::StatusOr<model::NamespaceReading> reading, absl::Time now);
  Entry* ReplaceReused(Entry* entry, absl::Time now);
  void Schedule(Entry* entry, bool first, absl::Time now);
  void NameProcesses(Entry* entry, bool slow);
  void WatchAcceptors(absl::Time now);
  void Publish(absl::Time start);

  const ScannerOptions options_;
  const sys::Clock* const clock_;
  discover::NameSource* const name_source_;
  std::shared_ptr<const discover::Names> names_ = std::make_shared<const discover::Names>();
  discover::Discovery discovery_;
  collect::Collector collector_;
  AcceptorWatch acceptor_watch_;
  const std::unique_ptr<analyze::FlightRecorder> recorder_;
  SelfCostMeter cost_meter_;
  model::NodeInfo node_;
  Entries entries_;
  // Of how many namespaces sysctl files may stay open.
  const size_t max_verdict_files_;
  model::NetnsSerial last_serial_ = 0;
  absl::Time next_walk_ = absl::InfinitePast();
  absl::Time next_cost_ = absl::InfinitePast();

  mutable sys::Mutex mutex_;
  std::shared_ptr<const model::Snapshot> latest_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<model::NetnsSerial, absl::Time> hot_until_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<model::NetnsSerial, std::shared_ptr<const model::PortUse>> port_use_
      ABSL_GUARDED_BY(mutex_);
  // Of the live ones.
  absl::flat_hash_map<model::NetnsSerial, collect::WayIn> ways_in_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace listenq::agent

#endif  // LISTENQ_AGENT_SCANNER_H_
