// What is known of the acceptors of one namespace, from reading to reading.
#ifndef LISTENQ_AGENT_ANALYZE_ACCEPTOR_TRACKER_H_
#define LISTENQ_AGENT_ANALYZE_ACCEPTOR_TRACKER_H_

#include <cstdint>
#include <map>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "agent/analyze/wall_window.h"
#include "agent/model/acceptor.h"
#include "agent/model/owner.h"

namespace listenq::analyze {

// Adds what needs more than one reading: since when a process has its state, how far a wall's counters rose:
// of kCpu in the last kCpuMinutes, of others in the last quarter of an hour. Threading: none; one thread uses
// it. What Apply returns is immutable and may go anywhere.
class AcceptorTracker {
 public:
  static constexpr int64_t kCpuMinutes = 2;

  // A reading of the processes `asked`; one that it lacks is gone. `all`: there are no others, and walls that
  // it lacks are gone too. Those of a partial reading take their place among the others.
  std::shared_ptr<const model::Acceptors> Apply(model::Acceptors reading,
                                                absl::Span<const model::Process> asked, bool all,
                                                absl::Time now);

 private:
  struct KnownWall {
    model::Wall wall;
    WallWindow window;
    uint64_t generation = 0;
  };

  void Keep(model::Wall wall, absl::Time now);
  [[nodiscard]] std::shared_ptr<const model::Acceptors> All() const;

  std::map<uint32_t, model::Acceptor> processes_;
  absl::flat_hash_map<model::WallId, KnownWall> walls_;
  uint64_t generation_ = 0;
};

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_ACCEPTOR_TRACKER_H_
