// ListFindings: verdicts as rows.
#ifndef LISTENQ_AGENT_SERVE_FINDINGS_H_
#define LISTENQ_AGENT_SERVE_FINDINGS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "agent/model/drop.h"
#include "agent/serve/answers.h"
#include "agent/serve/batches.h"
#include "agent/serve/filter.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::serve {

// The built-in rules (those of rule_ids; all where neither ids nor a policy are given, or built_in is set)
// and the request's policy, over what the filter takes: a listener's finding by the listener and its owners,
// others by the namespace. A RuleResult for each rule of the policy follows the rows; `limit` and
// min_severity do not change what it counts. `episodes`: all that the flight recorder has. InvalidArgument:
// an unknown rule; see CheckPolicy.
absl::StatusOr<BatchedAnswer<v1::ListFindingsResponse>> AnswerFindings(
    const Basis& basis, const Filter& filter, const v1::ListFindingsRequest& request,
    const std::vector<model::DropEpisode>& episodes);

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_FINDINGS_H_
