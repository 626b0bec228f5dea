// The answer to SummarizeConnections, before and after the walk: no gRPC, no view, no clock.
#ifndef LISTENQ_AGENT_SERVE_CONNECTION_SUMMARY_H_
#define LISTENQ_AGENT_SERVE_CONNECTION_SUMMARY_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/model/snapshot.h"
#include "agent/serve/answers.h"
#include "agent/serve/connection_walks.h"
#include "agent/serve/filter.h"
#include "agent/serve/rows.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::serve {

// A walk costs by the connections of the whole node, for each namespace anew.
inline constexpr size_t kMaxWalked = 64;
inline constexpr uint32_t kDefaultConnectionRows = 20;
inline constexpr uint32_t kMaxConnectionRows = 1000;
inline constexpr absl::Duration kDefaultWalkTime = absl::Seconds(2);
inline constexpr absl::Duration kMaxWalkTime = absl::Seconds(10);
// Of all rows in one answer, an equal share for each namespace; what is over it is cut.
inline constexpr size_t kMaxConnectionBytes = size_t{3} << 20;

// The namespaces to walk: those that match (a hostNetwork pod is no owner of the node's own), without those
// whose sockets a guest kernel owns. InvalidArgument: more than kMaxWalked.
absl::StatusOr<NamespaceRows> SelectToWalk(const model::Snapshot& snapshot, const Filter& filter);

// Without `cancelled` and `done`. More rows or time than the maximum are the maximum. InvalidArgument: a time
// limit that is not above zero.
absl::StatusOr<WalkOrder> MakeWalkOrder(const NamespaceRows& selected,
                                        const v1::SummarizeConnectionsRequest& request);

// One row per namespace. One that could not be read has no states, no lists and no cost, and the NodeStatus
// says why; one that is gone has no row. States that a walk did not come to see are absent unless it saw
// everything: then they are 0. The cost is CPU time, the kernel's part included.
void AnswerConnections(const Basis& basis, const NamespaceRows& selected, const WalkResults& results,
                       v1::SummarizeConnectionsResponse* response);

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_CONNECTION_SUMMARY_H_
