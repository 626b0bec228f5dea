// Whose the lost connection attempts of one interval are.
#ifndef LISTENQ_AGENT_ANALYZE_ATTRIBUTION_H_
#define LISTENQ_AGENT_ANALYZE_ATTRIBUTION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "agent/model/drop.h"
#include "agent/model/listener.h"

namespace listenq::analyze {

// A listener, known at both ends of the interval, whose sk_drops moved.
struct MovedListener {
  // The caller's own.
  size_t index = 0;
  // The difference of sk_drops, which wraps at 32 bits: later - earlier as uint32_t.
  uint32_t moved = 0;
  // Its queue was over its limit at either end, or in a sample between.
  bool full = false;
};

// An interval between two dumps, each of which stands between two looks at the counters. Three differences
// of the namespace's TcpExt ListenDrops:
struct IntervalInput {
  // From after the first dump to before the second: certainly between the dumps.
  uint64_t drops_inner = 0;
  // From before the first dump to after the second: all that can have been between the dumps.
  uint64_t drops_outer = 0;
  // From after the first dump to after the second: what this interval counts, so that no drop is counted
  // twice or never.
  uint64_t drops = 0;
  // Differences of ListenOverflows and TCPReqQFullDrop, after to after.
  uint64_t overflows = 0;
  uint64_t req_queue_full = 0;
  // net.ipv4.tcp_syncookies; absent when not read.
  std::optional<uint64_t> syncookies;
  // A listener appeared, vanished or could not be compared: drops may be of one that is not in `moved`.
  bool listener_set_changed = false;
  std::vector<MovedListener> moved;
};

struct ListenerShare {
  size_t index = 0;
  model::DropBounds drops;
};

struct IntervalDrops {
  // The sum is IntervalInput::drops.
  model::DropCounts counts;
  // Those with a max above 0, in the order of IntervalInput::moved.
  std::vector<ListenerShare> shares;
  // What no share's min covers.
  uint64_t unattributed = 0;
};

// tcp_listendrop (include/net/tcp.h) adds 1 to one listener's sk_drops and 1 to ListenDrops, and other code
// adds to sk_drops only. Therefore, d being the differences of sk_drops:
//   max = min(d, drops_outer)
//   min = drops_inner minus every other listener's d, not below 0; 0 if the set of listeners changed, as it
//         evidently did (one came and went unseen) when drops_inner exceeds all d together
//   inferred = the overflows up to max that min does not cover, if exactly one listener of `moved` was full
// No drops counted: no shares, whatever sk_drops did.
IntervalDrops AttributeDrops(const IntervalInput& interval);

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_ATTRIBUTION_H_
