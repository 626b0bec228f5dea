// The Observer of a fleet.
#ifndef LISTENQ_AGGREGATOR_OBSERVER_SERVICE_H_
#define LISTENQ_AGGREGATOR_OBSERVER_SERVICE_H_

#include <atomic>

#include "absl/time/time.h"
#include "aggregator/peers/peer_set.h"
#include "aggregator/peers/ticker.h"
#include "listenq/v1/observer.grpc.pb.h"

namespace listenq::aggregator {

// Contract: every rpc asks the peers of the moment and makes one answer of theirs. A peer that does not
//   answer, or a node without one, is a NodeStatus and counted in Summary.nodes_expected, never a failed
//   call. A fleet of nobody is UNAVAILABLE, with the reason.
// Threading: gRPC's threads.
class ObserverService final : public v1::Observer::CallbackService {
 public:
  // The peers and the ticker outlive the service. `peer_timeout`: how long one peer may take to answer, or to
  // go on.
  ObserverService(const PeerSet* peers, Ticker* ticker, absl::Duration peer_timeout)
      : peers_(*peers), ticker_(*ticker), peer_timeout_(peer_timeout) {}

  // Live streams end with UNAVAILABLE, within a tick.
  void EndWatches() { stopping_.store(true); }

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
  grpc::ServerWriteReactor<v1::ListFindingsResponse>* ListFindings(
      grpc::CallbackServerContext* context, const v1::ListFindingsRequest* request) override;
  grpc::ServerUnaryReactor* SummarizeSysctls(grpc::CallbackServerContext* context,
                                             const v1::SummarizeSysctlsRequest* request,
                                             v1::SummarizeSysctlsResponse* response) override;
  grpc::ServerUnaryReactor* SummarizeConnections(grpc::CallbackServerContext* context,
                                                 const v1::SummarizeConnectionsRequest* request,
                                                 v1::SummarizeConnectionsResponse* response) override;
  grpc::ServerUnaryReactor* ListNodes(grpc::CallbackServerContext* context,
                                      const v1::ListNodesRequest* request,
                                      v1::ListNodesResponse* response) override;

 private:
  template <typename Rpc>
  grpc::ServerWriteReactor<typename Rpc::Response>* Stream(grpc::CallbackServerContext* context,
                                                           const typename Rpc::Request& request);

  const PeerSet& peers_;
  Ticker& ticker_;
  const absl::Duration peer_timeout_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_OBSERVER_SERVICE_H_
