#include "agent/serve/observer_service.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/analyze/flight_recorder.h"
#include "agent/analyze/rules/rule.h"
#include "agent/serve/answers.h"
#include "agent/serve/connection_call.h"
#include "agent/serve/connection_summary.h"
#include "agent/serve/filter.h"
#include "agent/serve/findings.h"
#include "agent/serve/node_status.h"
#include "agent/serve/send_reactor.h"
#include "base/grpc_status.h"
#include "base/refuse_reactor.h"

namespace listenq::serve {
namespace {

// A request that names more is a list, not a look at something.
constexpr size_t kMaxHeated = 64;

Basis Now(const NodeView& view, const sys::Clock& clock) {
  return {.snapshot = view.Latest(), .now = clock.Now()};
}

void HeatNamed(NodeView& view, const Basis& basis, const Filter& filter) {
  if (!filter.NamesNamespaces()) return;
  std::vector<model::NetnsSerial> named;
  for (const auto& ns : basis.snapshot->namespaces) {
    if (named.size() == kMaxHeated) break;
    if (filter.MayMatchSockets(*ns)) named.push_back(ns->id->serial);
  }
  if (!named.empty()) view.Heat(named);
}

template <typename Request>
bool Skewed(const Request& request) {
  return request.min_api_minor() > kApiMinor;
}

template <typename Response>
BatchedAnswer<Response> SkewAnswer(const Basis& basis, uint32_t min_api_minor) {
  return {.status = SkewStatus(*basis.snapshot, min_api_minor, basis.now), .summary = UnansweredSummary()};
}

absl::Time SinceTime(bool present, const google::protobuf::Timestamp& time) {
  return present ? FromProto(time) : absl::InfinitePast();
}

// What the list calls share: skew, filter, heat, then `answer(basis, filter)` gives the rows.
template <typename Response, typename Request, typename Answer>
grpc::ServerWriteReactor<Response>* Serve(NodeView& view, const sys::Clock& clock, const Request& request,
                                          Answer answer) {
  const Basis basis = Now(view, clock);
  if (Skewed(request)) {
    return new SendReactor<Response>(ToMessages(SkewAnswer<Response>(basis, request.min_api_minor())));
  }
  const absl::StatusOr<Filter> filter = Filter::Compile(request.filter(), basis.now);
  if (!filter.ok()) return new base::RefuseReactor<Response>(base::ToGrpcStatus(filter.status()));
  absl::StatusOr<BatchedAnswer<Response>> rows = answer(basis, *filter);
  if (!rows.ok()) return new base::RefuseReactor<Response>(base::ToGrpcStatus(rows.status()));
  HeatNamed(view, basis, *filter);
  return new SendReactor<Response>(ToMessages(*std::move(rows)));
}

grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context, const grpc::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

grpc::Status Unserved(const std::string& what) {
  return {grpc::StatusCode::UNIMPLEMENTED, what + " is not served by this version of listenq-agent"};
}

}  // namespace

ObserverService::ObserverService(NodeView& view, const sys::Clock& clock, ConnectionWalks* walks)
    : view_(view), clock_(clock), walks_(walks), drops_(DropHub::Open(view)) {}

ObserverService::~ObserverService() { EndWatches(); }

void ObserverService::EndWatches() { drops_->Close(); }

grpc::ServerWriteReactor<v1::ListNamespacesResponse>* ObserverService::ListNamespaces(
    grpc::CallbackServerContext*, const v1::ListNamespacesRequest* request) {
  return Serve<v1::ListNamespacesResponse>(
      view_, clock_, *request,
      [&](const Basis& basis, const Filter& filter) { return AnswerNamespaces(basis, filter, *request); });
}

grpc::ServerWriteReactor<v1::ListListenersResponse>* ObserverService::ListListeners(
    grpc::CallbackServerContext*, const v1::ListListenersRequest* request) {
  return Serve<v1::ListListenersResponse>(
      view_, clock_, *request,
      [&](const Basis& basis, const Filter& filter) { return AnswerListeners(basis, filter, *request); });
}

grpc::ServerWriteReactor<v1::ListDropsResponse>* ObserverService::ListDrops(
    grpc::CallbackServerContext*, const v1::ListDropsRequest* request) {
  return Serve<v1::ListDropsResponse>(view_, clock_, *request, [&](const Basis& basis, const Filter& filter) {
    const absl::Time since = SinceTime(request->has_since_time(), request->since_time());
    return AnswerDrops(basis, filter, *request, view_.Recorder().Episodes(since));
  });
}

grpc::ServerWriteReactor<v1::WatchDropsResponse>* ObserverService::WatchDrops(
    grpc::CallbackServerContext*, const v1::WatchDropsRequest* request) {
  const Basis basis = Now(view_, clock_);
  if (Skewed(*request)) {
    return new SendReactor<v1::WatchDropsResponse>(
        [status = SkewStatus(*basis.snapshot, request->min_api_minor(), basis.now),
         sent = false](v1::WatchDropsResponse* message) mutable {
          *message->mutable_node_status() = status;
          return !std::exchange(sent, true);
        });
  }
  absl::StatusOr<Filter> filter = Filter::Compile(request->filter(), basis.now);
  if (!filter.ok()) {
    return new base::RefuseReactor<v1::WatchDropsResponse>(base::ToGrpcStatus(filter.status()));
  }
  HeatNamed(view_, basis, *filter);
  DropWatch* watch =
      DropWatch::Start(drops_, *std::move(filter), basis.row_context(), StatusOf(*basis.snapshot, basis.now));
  if (watch != nullptr) return watch;
  return new base::RefuseReactor<v1::WatchDropsResponse>(DropHub::ClosedStatus());
}

grpc::ServerWriteReactor<v1::GetHistoryResponse>* ObserverService::GetHistory(
    grpc::CallbackServerContext*, const v1::GetHistoryRequest* request) {
  return Serve<v1::GetHistoryResponse>(
      view_, clock_, *request, [&](const Basis& basis, const Filter& filter) {
        const absl::Time since = SinceTime(request->has_since_time(), request->since_time());
        return AnswerHistory(
            basis, filter,
            view_.Recorder().History([&](const model::Namespace& ns) { return filter.MayMatchSamples(ns); },
                                     since));
      });
}

grpc::ServerUnaryReactor* ObserverService::SummarizeSysctls(grpc::CallbackServerContext* context,
                                                            const v1::SummarizeSysctlsRequest* request,
                                                            v1::SummarizeSysctlsResponse* response) {
  const Basis basis = Now(view_, clock_);
  if (Skewed(*request)) {
    *response->add_node_statuses() = SkewStatus(*basis.snapshot, request->min_api_minor(), basis.now);
    *response->mutable_summary() = UnansweredSummary();
    return Finish(context, grpc::Status::OK);
  }
  const absl::StatusOr<Filter> filter = Filter::Compile(request->filter(), basis.now);
  if (!filter.ok()) return Finish(context, base::ToGrpcStatus(filter.status()));
  HeatNamed(view_, basis, *filter);
  return Finish(context, base::ToGrpcStatus(AnswerSysctls(basis, *filter, *request, response)));
}

grpc::ServerWriteReactor<v1::ListFindingsResponse>* ObserverService::ListFindings(
    grpc::CallbackServerContext*, const v1::ListFindingsRequest* request) {
  return Serve<v1::ListFindingsResponse>(
      view_, clock_, *request, [&](const Basis& basis, const Filter& filter) {
        return AnswerFindings(basis, filter, *request,
                              view_.Recorder().Episodes(basis.now - analyze::kLossWindow));
      });
}

grpc::ServerUnaryReactor* ObserverService::SummarizeConnections(
    grpc::CallbackServerContext* context, const v1::SummarizeConnectionsRequest* request,
    v1::SummarizeConnectionsResponse* response) {
  if (walks_ == nullptr) return Finish(context, Unserved("SummarizeConnections"));
  Basis basis = Now(view_, clock_);
  if (Skewed(*request)) {
    *response->add_node_statuses() = SkewStatus(*basis.snapshot, request->min_api_minor(), basis.now);
    *response->mutable_summary() = UnansweredSummary();
    return Finish(context, grpc::Status::OK);
  }
  const absl::StatusOr<Filter> filter = Filter::Compile(request->filter(), basis.now);
  if (!filter.ok()) return Finish(context, base::ToGrpcStatus(filter.status()));
  absl::StatusOr<NamespaceRows> selected = SelectToWalk(*basis.snapshot, *filter);
  if (!selected.ok()) return Finish(context, base::ToGrpcStatus(selected.status()));
  absl::StatusOr<WalkOrder> order = MakeWalkOrder(*selected, *request);
  if (!order.ok()) return Finish(context, base::ToGrpcStatus(order.status()));
  HeatNamed(view_, basis, *filter);
  return ConnectionCall::Start(*walks_, std::move(basis), *std::move(selected), *std::move(order), response);
}

grpc::ServerUnaryReactor* ObserverService::ListNodes(grpc::CallbackServerContext* context,
                                                     const v1::ListNodesRequest* request,
                                                     v1::ListNodesResponse* response) {
  const Basis basis = Now(view_, clock_);
  if (Skewed(*request)) {
    *response->add_nodes()->mutable_status() =
        SkewStatus(*basis.snapshot, request->min_api_minor(), basis.now);
    *response->mutable_summary() = UnansweredSummary();
    return Finish(context, grpc::Status::OK);
  }
  const analyze::FlightRecorder& recorder = view_.Recorder();
  AnswerNodes(basis, {.bytes = recorder.MemoryBytes(), .limit_bytes = recorder.options().memory_limit_bytes},
              response);
  return Finish(context, grpc::Status::OK);
}

}  // namespace listenq::serve
