// listenq.v1.Observer for one node.
#ifndef LISTENQ_AGENT_SERVE_OBSERVER_SERVICE_H_
#define LISTENQ_AGENT_SERVE_OBSERVER_SERVICE_H_

#include <grpcpp/support/server_callback.h>

#include <memory>

#include "agent/serve/connection_walks.h"
#include "agent/serve/drop_watch.h"
#include "agent/serve/node_view.h"
#include "agent/sys/clock.h"
#include "listenq/v1/observer.grpc.pb.h"

namespace listenq::serve {

// Contract: each call takes the newest snapshot once and answers from it. Filters, order and limits are
//   executed before anything is converted; batches are converted as they are sent. Connections alone are
//   counted when somebody asks, by the walks, whose thread answers.
// Threading: handlers and reactions run on gRPC's threads, do no I/O and hold no lock while converting.
// Failure: a bad request is INVALID_ARGUMENT; a request that needs a newer API gets a VERSION_SKEW NodeStatus
//   and no rows; what is not served is UNIMPLEMENTED.
class ObserverService final : public v1::Observer::CallbackService {
 public:
  // All of them outlive the service; without walks connections are not counted.
  ObserverService(NodeView& view, const sys::Clock& clock, ConnectionWalks* walks = nullptr);
  ~ObserverService() override;
  ObserverService(const ObserverService&) = delete;
  ObserverService& operator=(const ObserverService&) = delete;

  // Ends the live streams (UNAVAILABLE) and takes no new ones.
  void EndWatches();

  grpc::ServerWriteReactor<v1::ListNamespacesResponse>* ListNamespaces(
      grpc::CallbackServerContext* context, const v1::ListNamespacesRequest* request) override;
  grpc::ServerWriteReactor<v1::ListListenersResponse>* ListListeners(
      grpc::CallbackServerContext* context, const v1::ListListenersRequest* request) override;
  grpc::ServerWriteReactor<v1::ListDropsResponse>* ListDrops(grpc::CallbackServerContext* context,
                                                             const v1::ListDropsRequest* request) override;
  grpc::ServerWriteReactor<v1::WatchDropsResponse>* WatchDrops(grpc::CallbackServerContext* context,
                                                               const v1::WatchDropsRequest* request) override;
  grpc::ServerWriteReactor<v1::GetHistoryResponse>* GetHistory(grpc::CallbackServerContext* context,
                                                               const v1::GetHistoryRequest* request) override;
  grpc::ServerUnaryReactor* SummarizeSysctls(grpc::CallbackServerContext* context,
                                             const v1::SummarizeSysctlsRequest* request,
                                             v1::SummarizeSysctlsResponse* response) override;
  grpc::ServerWriteReactor<v1::ListFindingsResponse>* ListFindings(
      grpc::CallbackServerContext* context, const v1::ListFindingsRequest* request) override;
  grpc::ServerUnaryReactor* SummarizeConnections(grpc::CallbackServerContext* context,
                                                 const v1::SummarizeConnectionsRequest* request,
                                                 v1::SummarizeConnectionsResponse* response) override;
  grpc::ServerUnaryReactor* ListNodes(grpc::CallbackServerContext* context,
                                      const v1::ListNodesRequest* request,
                                      v1::ListNodesResponse* response) override;

 private:
  NodeView& view_;
  const sys::Clock& clock_;
  ConnectionWalks* const walks_;
  const std::shared_ptr<DropHub> drops_;
};

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_OBSERVER_SERVICE_H_
