#include "aggregator/observer_service.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "aggregator/gather_call.h"
#include "aggregator/merge.h"
#include "aggregator/rpcs.h"
#include "aggregator/stream_call.h"
#include "aggregator/watch_call.h"
#include "base/refuse_reactor.h"

namespace listenq::aggregator {
namespace {

// What a walk over connections takes besides its time limit.
constexpr absl::Duration kWalkMargin = absl::Milliseconds(500);
// SummarizeConnectionsRequest.time_limit where it is absent.
constexpr absl::Duration kDefaultWalkTime = absl::Seconds(2);

grpc::Status CheckFleet(const Fleet& fleet) {
  if (!fleet.peers.empty() || !fleet.absent.empty()) return grpc::Status::OK;
  const std::string why = fleet.trouble.empty() ? "its list is empty" : fleet.trouble;
  return {grpc::StatusCode::UNAVAILABLE, absl::StrCat("the aggregator has no peers: ", why)};
}

grpc::ServerUnaryReactor* Refuse(grpc::CallbackServerContext* context, const grpc::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

absl::Duration WalkTime(const v1::SummarizeConnectionsRequest& request) {
  if (!request.has_time_limit()) return kDefaultWalkTime;
  return absl::Seconds(request.time_limit().seconds()) + absl::Nanoseconds(request.time_limit().nanos());
}

}  // namespace

template <typename Rpc>
grpc::ServerWriteReactor<typename Rpc::Response>* ObserverService::Stream(
    grpc::CallbackServerContext* context, const typename Rpc::Request& request) {
  std::shared_ptr<const Fleet> fleet = peers_.Current();
  if (const grpc::Status usable = CheckFleet(*fleet); !usable.ok()) {
    return new base::RefuseReactor<typename Rpc::Response>(usable);
  }
  return new StreamCall<Rpc>(std::move(fleet), &ticker_, request,
                             TimesFor(context->deadline(), peer_timeout_, absl::Now()));
}

grpc::ServerWriteReactor<v1::ListNamespacesResponse>* ObserverService::ListNamespaces(
    grpc::CallbackServerContext* context, const v1::ListNamespacesRequest* request) {
  return Stream<ListNamespacesRpc>(context, *request);
}

grpc::ServerWriteReactor<v1::ListListenersResponse>* ObserverService::ListListeners(
    grpc::CallbackServerContext* context, const v1::ListListenersRequest* request) {
  return Stream<ListListenersRpc>(context, *request);
}

grpc::ServerWriteReactor<v1::ListDropsResponse>* ObserverService::ListDrops(
    grpc::CallbackServerContext* context, const v1::ListDropsRequest* request) {
  return Stream<ListDropsRpc>(context, *request);
}

grpc::ServerWriteReactor<v1::GetHistoryResponse>* ObserverService::GetHistory(
    grpc::CallbackServerContext* context, const v1::GetHistoryRequest* request) {
  return Stream<GetHistoryRpc>(context, *request);
}

grpc::ServerWriteReactor<v1::ListFindingsResponse>* ObserverService::ListFindings(
    grpc::CallbackServerContext* context, const v1::ListFindingsRequest* request) {
  return Stream<ListFindingsRpc>(context, *request);
}

grpc::ServerWriteReactor<v1::WatchDropsResponse>* ObserverService::WatchDrops(
    grpc::CallbackServerContext* /*context*/, const v1::WatchDropsRequest* request) {
  std::shared_ptr<const Fleet> fleet = peers_.Current();
  if (const grpc::Status usable = CheckFleet(*fleet); !usable.ok()) {
    return new base::RefuseReactor<v1::WatchDropsResponse>(usable);
  }
  return new WatchCall(std::move(fleet), &ticker_, *request, peer_timeout_, &stopping_);
}

grpc::ServerUnaryReactor* ObserverService::SummarizeSysctls(grpc::CallbackServerContext* context,
                                                            const v1::SummarizeSysctlsRequest* request,
                                                            v1::SummarizeSysctlsResponse* response) {
  using Call = GatherCall<v1::SummarizeSysctlsRequest, v1::SummarizeSysctlsResponse>;
  const std::shared_ptr<const Fleet> fleet = peers_.Current();
  if (const grpc::Status usable = CheckFleet(*fleet); !usable.ok()) return Refuse(context, usable);
  return new Call(
      fleet, *request, TimesFor(context->deadline(), peer_timeout_, absl::Now()),
      [](v1::Observer::Stub& stub, auto* peers_context, auto* asked, auto* answer, auto done) {
        stub.async()->SummarizeSysctls(peers_context, asked, answer, std::move(done));
      },
      [response, samples = request->max_samples()](const auto& asked, const auto& answers) {
        return MergeSysctls(asked, answers, samples, response);
      });
}

grpc::ServerUnaryReactor* ObserverService::SummarizeConnections(
    grpc::CallbackServerContext* context, const v1::SummarizeConnectionsRequest* request,
    v1::SummarizeConnectionsResponse* response) {
  using Call = GatherCall<v1::SummarizeConnectionsRequest, v1::SummarizeConnectionsResponse>;
  const std::shared_ptr<const Fleet> fleet = peers_.Current();
  if (const grpc::Status usable = CheckFleet(*fleet); !usable.ok()) return Refuse(context, usable);
  // A walk takes its time: that is no silence.
  const absl::Duration patience = std::max(peer_timeout_, WalkTime(*request) + kWalkMargin);
  return new Call(
      fleet, *request, TimesFor(context->deadline(), patience, absl::Now()),
      [](v1::Observer::Stub& stub, auto* peers_context, auto* asked, auto* answer, auto done) {
        stub.async()->SummarizeConnections(peers_context, asked, answer, std::move(done));
      },
      [response](const auto& asked, const auto& answers) {
        return MergeConnections(asked, answers, response);
      });
}

grpc::ServerUnaryReactor* ObserverService::ListNodes(grpc::CallbackServerContext* context,
                                                     const v1::ListNodesRequest* request,
                                                     v1::ListNodesResponse* response) {
  using Call = GatherCall<v1::ListNodesRequest, v1::ListNodesResponse>;
  const std::shared_ptr<const Fleet> fleet = peers_.Current();
  if (const grpc::Status usable = CheckFleet(*fleet); !usable.ok()) return Refuse(context, usable);
  return new Call(
      fleet, *request, TimesFor(context->deadline(), peer_timeout_, absl::Now()),
      [](v1::Observer::Stub& stub, auto* peers_context, auto* asked, auto* answer, auto done) {
        stub.async()->ListNodes(peers_context, asked, answer, std::move(done));
      },
      [response](const auto& asked, const auto& answers) { return MergeNodes(asked, answers, response); });
}

}  // namespace listenq::aggregator
