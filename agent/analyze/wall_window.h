// How far the counters of one wall rose lately.
#ifndef LISTENQ_AGENT_ANALYZE_WALL_WINDOW_H_
#define LISTENQ_AGENT_ANALYZE_WALL_WINDOW_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "agent/model/acceptor.h"

namespace listenq::analyze {

// What was counted before the first reading is never in it. A counter that went down, or a pause between
// readings that is longer than the window, is a new beginning. Holds memory only for minutes in which
// something moved. Threading: none; one thread uses it.
class WallWindow {
 public:
  static constexpr int64_t kMinutes = 15;

  void Add(const model::WallHits& total, absl::Time time);
  // Over the last `minutes`, the one that has begun included; at most kMinutes.
  [[nodiscard]] model::WallIncrease Increase(int64_t minutes) const;

 private:
  // A minute in which a counter moved. An increase belongs to the minute of the reading that shows it.
  struct Minute {
    int64_t number = 0;
    // The reading before the first that showed one.
    absl::Time start;
    model::WallHits by;
  };

  std::optional<model::WallHits> last_;
  std::vector<Minute> minutes_;  // the oldest first
  absl::Time first_time_ = absl::InfinitePast();
  absl::Time last_time_ = absl::InfinitePast();
};

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_WALL_WINDOW_H_
