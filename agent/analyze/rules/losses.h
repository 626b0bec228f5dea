// What a listener lost lately, for the rules.
#ifndef LISTENQ_AGENT_ANALYZE_RULES_LOSSES_H_
#define LISTENQ_AGENT_ANALYZE_RULES_LOSSES_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "agent/analyze/rules/rule.h"
#include "agent/model/drop.h"
#include "agent/model/finding.h"
#include "agent/model/listener.h"

namespace listenq::analyze {

// A loss that is younger than this goes on.
inline constexpr absl::Duration kOngoing = absl::Minutes(1);

struct Loss {
  // Listen drops of the listener in its namespace's last episode.
  model::DropBounds drops;
  // Of the whole namespace in that episode.
  model::DropCounts counts;
  absl::Time start;
  absl::Time last;
  // The highest queue sampled in it.
  uint32_t peak_queue = 0;
};

// Attempts that `listener` lost to a full accept queue: its share of the last episode that has overflows
// (ListenOverflows). Absent: none, or none that is likely its own: where several may have lost them, or for
// several causes, one whose queue was never seen over its limit has lost none that we know of.
std::optional<Loss> OverflowLoss(const Case& the_case, const model::Listener& listener);

// Of a loss whose last is at `last`: critical while it goes on, else a warning.
model::Severity SeverityOf(absl::Time last, absl::Time now);

// The queue stayed near its limit when the loss was last seen: it is the accepting that is too slow, not the
// queue that is too small.
bool StaysFull(const model::Listener& listener, const Loss& loss);

// For findings that advise a larger queue: where it stays full, that only makes clients wait longer. Such a
// finding is a warning at most, and sends the reader to accept-too-slow and accept-stopped first.
void PutAfterSlowAccept(const model::Listener& listener, const Loss& loss, model::Finding* finding);

// ListenOverflows, the listener's drops ("31", "3 to 7"), its highest queue and limit.
std::vector<model::Evidence> EvidenceOf(const Loss& loss, const model::Listener& listener);

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_LOSSES_H_
