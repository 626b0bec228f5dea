// The answers of the Observer service, made of one snapshot: no gRPC, no view, no clock.
#ifndef LISTENQ_AGENT_SERVE_ANSWERS_H_
#define LISTENQ_AGENT_SERVE_ANSWERS_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/analyze/sample_store.h"
#include "agent/model/drop.h"
#include "agent/model/snapshot.h"
#include "agent/serve/batches.h"
#include "agent/serve/filter.h"
#include "agent/serve/to_proto.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::serve {

// What every answer is made from. Cheap to copy; answers keep it until their last row is sent.
struct Basis {
  std::shared_ptr<const model::Snapshot> snapshot;
  absl::Time now;

  [[nodiscard]] RowContext row_context() const { return {.boot_id = snapshot->node.boot_id, .now = now}; }
};

BatchedAnswer<v1::ListListenersResponse> AnswerListeners(const Basis& basis, const Filter& filter,
                                                         const v1::ListListenersRequest& request);
// InvalidArgument: an unknown sysctl.
absl::StatusOr<BatchedAnswer<v1::ListNamespacesResponse>> AnswerNamespaces(
    const Basis& basis, const Filter& filter, const v1::ListNamespacesRequest& request);
BatchedAnswer<v1::ListDropsResponse> AnswerDrops(const Basis& basis, const Filter& filter,
                                                 const v1::ListDropsRequest& request,
                                                 std::vector<model::DropEpisode> episodes);
// `histories` of the namespaces that match; the filter's other conditions are applied here.
BatchedAnswer<v1::GetHistoryResponse> AnswerHistory(const Basis& basis, const Filter& filter,
                                                    std::vector<analyze::ListenerSamples> histories);
// InvalidArgument: an unknown sysctl.
absl::Status AnswerSysctls(const Basis& basis, const Filter& filter,
                           const v1::SummarizeSysctlsRequest& request,
                           v1::SummarizeSysctlsResponse* response);

// The flight recorder's memory, beside what the snapshot knows of the node.
struct RecorderUse {
  size_t bytes = 0;
  size_t limit_bytes = 0;
};
void AnswerNodes(const Basis& basis, const RecorderUse& recorder, v1::ListNodesResponse* response);

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_ANSWERS_H_
