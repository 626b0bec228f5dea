// The streamed rpcs, as StreamCall needs them.
#ifndef LISTENQ_AGGREGATOR_RPCS_H_
#define LISTENQ_AGGREGATOR_RPCS_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include "listenq/v1/observer.grpc.pb.h"

namespace listenq::aggregator {

struct ListListenersRpc {
  using Request = v1::ListListenersRequest;
  using Response = v1::ListListenersResponse;
  using Batch = v1::ListenerBatch;
  using Row = v1::Listener;
  static void Start(v1::Observer::Stub& stub, grpc::ClientContext* context, const Request* request,
                    grpc::ClientReadReactor<Response>* reactor) {
    stub.async()->ListListeners(context, request, reactor);
  }
};

struct ListNamespacesRpc {
  using Request = v1::ListNamespacesRequest;
  using Response = v1::ListNamespacesResponse;
  using Batch = v1::NamespaceBatch;
  using Row = v1::Namespace;
  static void Start(v1::Observer::Stub& stub, grpc::ClientContext* context, const Request* request,
                    grpc::ClientReadReactor<Response>* reactor) {
    stub.async()->ListNamespaces(context, request, reactor);
  }
};

struct ListDropsRpc {
  using Request = v1::ListDropsRequest;
  using Response = v1::ListDropsResponse;
  using Batch = v1::DropBatch;
  using Row = v1::DropEpisode;
  static void Start(v1::Observer::Stub& stub, grpc::ClientContext* context, const Request* request,
                    grpc::ClientReadReactor<Response>* reactor) {
    stub.async()->ListDrops(context, request, reactor);
  }
};

struct GetHistoryRpc {
  using Request = v1::GetHistoryRequest;
  using Response = v1::GetHistoryResponse;
  using Batch = v1::HistoryBatch;
  using Row = v1::ListenerHistory;
  static void Start(v1::Observer::Stub& stub, grpc::ClientContext* context, const Request* request,
                    grpc::ClientReadReactor<Response>* reactor) {
    stub.async()->GetHistory(context, request, reactor);
  }
};

struct ListFindingsRpc {
  using Request = v1::ListFindingsRequest;
  using Response = v1::ListFindingsResponse;
  using Batch = v1::FindingBatch;
  using Row = v1::Finding;
  static void Start(v1::Observer::Stub& stub, grpc::ClientContext* context, const Request* request,
                    grpc::ClientReadReactor<Response>* reactor) {
    stub.async()->ListFindings(context, request, reactor);
  }
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_RPCS_H_
