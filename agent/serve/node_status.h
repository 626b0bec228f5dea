// What the node says of its own answer.
#ifndef LISTENQ_AGENT_SERVE_NODE_STATUS_H_
#define LISTENQ_AGENT_SERVE_NODE_STATUS_H_

#include <cstdint>

#include "absl/time/time.h"
#include "agent/model/snapshot.h"
#include "agent/serve/rows.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::serve {

// The minor version of listenq.v1 that this server speaks. It grows with each field that a request may ask
// for.
inline constexpr uint32_t kApiMinor = 1;
// A snapshot older than this means that reading has stalled: beats come every second.
inline constexpr absl::Duration kStaleAge = absl::Seconds(10);

// The state is the first of: STARTING (not every namespace was read once), PARTIAL (the snapshot is stale, or
// the node or namespaces could not be read in full), OK.
v1::NodeStatus StatusOf(const model::Snapshot& snapshot, absl::Time now);

// VERSION_SKEW: the request needs `min_api_minor`, which is above ours.
v1::NodeStatus SkewStatus(const model::Snapshot& snapshot, uint32_t min_api_minor, absl::Time now);

// One node was asked and answered.
v1::Summary SummaryOf(const Examined& examined, uint64_t returned);
// One node was asked and could not answer.
v1::Summary UnansweredSummary();

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_NODE_STATUS_H_
