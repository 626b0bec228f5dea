// One caller of SummarizeConnections, who waits for a walk.
#ifndef LISTENQ_AGENT_SERVE_CONNECTION_CALL_H_
#define LISTENQ_AGENT_SERVE_CONNECTION_CALL_H_

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <memory>

#include "absl/status/statusor.h"
#include "agent/serve/answers.h"
#include "agent/serve/connection_walks.h"
#include "agent/serve/rows.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::serve {

// Contract: starts the walk and ends the call with its answer, or with why there is none. A caller that goes
//   away ends the walk.
// Threading: the answer is made on the walk's thread, reactions run on gRPC's and block nothing. It keeps
//   itself alive until gRPC and the walk are done with it.
class ConnectionCall final : public grpc::ServerUnaryReactor {
 public:
  // `order` as MakeWalkOrder gives it for `selected`, which points into the basis' snapshot. The response
  // lives until the call is over.
  static ConnectionCall* Start(ConnectionWalks& walks, Basis basis, NamespaceRows selected, WalkOrder order,
                               v1::SummarizeConnectionsResponse* response);

  void OnCancel() override { cancelled_.store(true, std::memory_order_relaxed); }
  void OnDone() override { self_.reset(); }

 private:
  ConnectionCall(Basis basis, NamespaceRows selected, v1::SummarizeConnectionsResponse* response);
  void End(const absl::StatusOr<WalkResults>& results);

  const Basis basis_;
  const NamespaceRows selected_;
  v1::SummarizeConnectionsResponse* const response_;
  std::atomic<bool> cancelled_ = false;
  std::shared_ptr<ConnectionCall> self_;  // until OnDone
};

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_CONNECTION_CALL_H_
