#include "agent/serve/connection_call.h"

#include <utility>

#include "agent/serve/connection_summary.h"
#include "base/grpc_status.h"

namespace listenq::serve {

ConnectionCall::ConnectionCall(Basis basis, NamespaceRows selected,
                               v1::SummarizeConnectionsResponse* response)
    : basis_(std::move(basis)), selected_(std::move(selected)), response_(response) {}

ConnectionCall* ConnectionCall::Start(ConnectionWalks& walks, Basis basis, NamespaceRows selected,
                                      WalkOrder order, v1::SummarizeConnectionsResponse* response) {
  const std::shared_ptr<ConnectionCall> call(
      new ConnectionCall(std::move(basis), std::move(selected), response));
  call->self_ = call;
  order.cancelled = [call] { return call->cancelled_.load(std::memory_order_relaxed); };
  order.done = [call](const absl::StatusOr<WalkResults>& results) { call->End(results); };
  const absl::Status started = walks.Start(std::move(order));
  if (!started.ok()) call->Finish(base::ToGrpcStatus(started));
  return call.get();
}

void ConnectionCall::End(const absl::StatusOr<WalkResults>& results) {
  if (results.ok()) AnswerConnections(basis_, selected_, *results, response_);
  Finish(base::ToGrpcStatus(results.status()));
}

}  // namespace listenq::serve
