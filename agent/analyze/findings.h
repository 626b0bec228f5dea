// Verdicts: all rules over a snapshot and what was lost lately.
#ifndef LISTENQ_AGENT_ANALYZE_FINDINGS_H_
#define LISTENQ_AGENT_ANALYZE_FINDINGS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "agent/analyze/rules/rule.h"
#include "agent/model/drop.h"
#include "agent/model/finding.h"
#include "agent/model/snapshot.h"

namespace listenq::analyze {

// The built-in rules, in the order of the documentation.
absl::Span<const Rule* const> BuiltInRules();

// What the rules find in the namespaces that `wanted` takes, the worst first, then the oldest; ended
// namespaces and those that can't be observed are left out. `episodes`: of any namespace, the newest first,
// as the flight recorder gives them; those without a drop in the last kLossWindow are ignored. The findings
// point into `snapshot`.
std::vector<model::Finding> FindAll(const model::Snapshot& snapshot, absl::Span<const Rule* const> rules,
                                    const std::vector<model::DropEpisode>& episodes,
                                    const std::function<bool(const model::Namespace&)>& wanted,
                                    absl::Time now);

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_FINDINGS_H_
