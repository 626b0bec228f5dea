#include "client/query.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/sys/mutex.h"
#include "agent/sys/status.h"
#include "base/grpc_status.h"
#include "base/observer_rows.h"
#include "client/server_error.h"
#include "listenq/v1/observer.grpc.pb.h"

namespace listenq::client {
namespace {

template <typename Rows, typename Row>
void TakeRows(const std::string& node_name, Rows* rows, Answer<Row>& answer) {
  for (auto& row : *rows) answer.items.push_back({node_name, std::move(row)});
}

template <typename Response, typename Row>
void TakeMessage(Response& response, Answer<Row>& answer) {
  switch (response.payload_case()) {
    case Response::kBatch:
      TakeRows(response.batch().node_name(), base::RowsOf(response.mutable_batch()), answer);
      break;
    case Response::kNodeStatus:
      answer.node_statuses.push_back(std::move(*response.mutable_node_status()));
      break;
    case Response::kSummary:
      answer.summary = std::move(*response.mutable_summary());
      break;
    default:
      break;  // a payload of a later version
  }
}

template <typename Request, typename Row>
bool IsBefore(const Request& request, const Row& a, const Row& b) {
  return base::IsBefore(request, a, b);
}

// What was lost in the same second stands by node.
bool IsBefore(const v1::ListDropsRequest&, const v1::DropEpisode& a, const v1::DropEpisode& b) {
  return a.last_time().seconds() > b.last_time().seconds();
}

// Those that lost most first, then those whose queue was highest.
bool IsBefore(const v1::GetHistoryRequest&, const v1::ListenerHistory& a, const v1::ListenerHistory& b) {
  const auto worst = [](const v1::ListenerHistory& history) {
    uint64_t drops = 0;
    uint32_t peak = 0;
    for (const v1::HistorySample& sample : history.samples()) {
      drops += sample.drops_max();
      peak = std::max(peak, sample.queue());
    }
    return std::make_pair(drops, peak);
  };
  return worst(a) > worst(b);
}

// Without a limit an aggregator passes rows on as its nodes send them.
template <typename Request, typename Row>
absl::StatusOr<Answer<Row>> InOrder(const Request& request, absl::StatusOr<Answer<Row>> answer) {
  if (!answer.ok() || answer->node_statuses.size() < 2) return answer;
  std::stable_sort(answer->items.begin(), answer->items.end(), [&](const Item<Row>& a, const Item<Row>& b) {
    if (IsBefore(request, a.row, b.row)) return true;
    return !IsBefore(request, b.row, a.row) && a.node_name < b.node_name;
  });
  return answer;
}

}  // namespace

v1::Filter MakeFilter(const Selection& selection) {
  v1::Filter filter;
  for (const auto& name : selection.namespaces) filter.add_namespaces(name);
  for (const auto& name : selection.pods) filter.add_pods(name);
  for (const auto& name : selection.containers) filter.add_containers(name);
  filter.set_label_selector(selection.label_selector);
  for (uint64_t inode : selection.netns_inodes) filter.add_netns_inodes(inode);
  for (const auto& name : selection.netns_names) filter.add_netns_names(name);
  for (uint32_t port : selection.ports) filter.add_ports(port);
  for (const auto& name : selection.processes) filter.add_processes(name);
  if (selection.min_fill_percent) filter.set_min_fill_percent(*selection.min_fill_percent);
  filter.set_only_dropping(selection.only_dropping);
  return filter;
}

struct ObserverClient::State {
  std::unique_ptr<v1::Observer::Stub> stub;
  Connection connection;
  absl::Duration timeout;

  sys::Mutex mutex;
  bool cancelled ABSL_GUARDED_BY(mutex) = false;
  std::set<grpc::ClientContext*> in_flight ABSL_GUARDED_BY(mutex);
  // connection.why_lost is asked by one thread at a time.
  sys::Mutex explaining;
};

// A context that Cancel can reach for as long as the call lasts.
class ObserverClient::Call {
 public:
  Call(State& state, bool has_deadline) : state_(state) {
    if (has_deadline) context_.set_deadline(Deadline());
    sys::MutexLock lock(state_.mutex);
    state_.in_flight.insert(&context_);
    if (state_.cancelled) context_.TryCancel();
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() {
    sys::MutexLock lock(state_.mutex);
    state_.in_flight.erase(&context_);
  }

  grpc::ClientContext& context() { return context_; }
  [[nodiscard]] std::chrono::system_clock::time_point Deadline() const {
    return absl::ToChronoTime(absl::Now() + state_.timeout);
  }
  // Who cancelled it needs no explanation.
  [[nodiscard]] absl::Status Explain(const grpc::Status& status, bool was_heard = false) const {
    if (IsCancelled()) return base::FromGrpcStatus(status);
    const sys::MutexLock lock(state_.explaining);
    return ExplainServerError(base::FromGrpcStatus(status), state_.connection, state_.timeout, was_heard);
  }

  // `take_other` sees each message first.
  template <typename Response, typename Row>
  absl::StatusOr<Answer<Row>> ReadAll(
      std::unique_ptr<grpc::ClientReader<Response>> reader,
      const std::function<void(const Response&)>& take_other = [](const Response&) {}) {
    Answer<Row> answer;
    Response response;
    bool was_heard = false;
    while (reader->Read(&response)) {
      was_heard = true;
      take_other(response);
      TakeMessage(response, answer);
    }
    RETURN_IF_ERROR(Explain(reader->Finish(), was_heard));
    return answer;
  }

 private:
  [[nodiscard]] bool IsCancelled() const {
    sys::MutexLock lock(state_.mutex);
    return state_.cancelled;
  }

  State& state_;
  grpc::ClientContext context_;
};

ObserverClient::ObserverClient(std::shared_ptr<grpc::Channel> channel, Connection connection,
                               absl::Duration timeout)
    : state_(std::make_unique<State>()) {
  state_->stub = v1::Observer::NewStub(std::move(channel));
  state_->connection = std::move(connection);
  state_->timeout = timeout;
}

ObserverClient::~ObserverClient() = default;

absl::StatusOr<Answer<v1::Listener>> ObserverClient::ListListeners(const v1::ListListenersRequest& request) {
  Call call(*state_, true);
  return InOrder(request, call.ReadAll<v1::ListListenersResponse, v1::Listener>(
                              state_->stub->ListListeners(&call.context(), request)));
}

absl::StatusOr<Answer<v1::Namespace>> ObserverClient::ListNamespaces(
    const v1::ListNamespacesRequest& request) {
  Call call(*state_, true);
  return InOrder(request, call.ReadAll<v1::ListNamespacesResponse, v1::Namespace>(
                              state_->stub->ListNamespaces(&call.context(), request)));
}

absl::StatusOr<Answer<v1::DropEpisode>> ObserverClient::ListDrops(const v1::ListDropsRequest& request) {
  Call call(*state_, true);
  return InOrder(request, call.ReadAll<v1::ListDropsResponse, v1::DropEpisode>(
                              state_->stub->ListDrops(&call.context(), request)));
}

absl::StatusOr<Answer<v1::ListenerHistory>> ObserverClient::GetHistory(const v1::GetHistoryRequest& request) {
  Call call(*state_, true);
  return InOrder(request, call.ReadAll<v1::GetHistoryResponse, v1::ListenerHistory>(
                              state_->stub->GetHistory(&call.context(), request)));
}

absl::StatusOr<Answer<v1::SysctlSummary>> ObserverClient::SummarizeSysctls(
    const v1::SummarizeSysctlsRequest& request) {
  Call call(*state_, true);
  v1::SummarizeSysctlsResponse response;
  RETURN_IF_ERROR(call.Explain(state_->stub->SummarizeSysctls(&call.context(), request, &response)));
  Answer<v1::SysctlSummary> answer;
  TakeRows("", response.mutable_sysctls(), answer);
  answer.node_statuses.assign(response.node_statuses().begin(), response.node_statuses().end());
  answer.summary = std::move(*response.mutable_summary());
  return answer;
}

absl::StatusOr<Answer<v1::Finding>> ObserverClient::ListFindings(const v1::ListFindingsRequest& request,
                                                                 std::vector<v1::RuleResult>* rule_results) {
  Call call(*state_, true);
  auto answer = InOrder(request, call.ReadAll<v1::ListFindingsResponse, v1::Finding>(
                                     state_->stub->ListFindings(&call.context(), request),
                                     [&](const v1::ListFindingsResponse& response) {
                                       if (rule_results != nullptr && response.has_rule_result())
                                         rule_results->push_back(response.rule_result());
                                     }));
  if (answer.ok()) {
    for (auto& item : answer->items) item.row.set_node_name(item.node_name);
  }
  return answer;
}

absl::StatusOr<Answer<v1::ConnectionSummary>> ObserverClient::SummarizeConnections(
    const v1::SummarizeConnectionsRequest& request) {
  Call call(*state_, true);
  v1::SummarizeConnectionsResponse response;
  RETURN_IF_ERROR(call.Explain(state_->stub->SummarizeConnections(&call.context(), request, &response)));
  Answer<v1::ConnectionSummary> answer;
  for (auto& row : *response.mutable_connections()) {
    const std::string node_name = row.node_name();
    answer.items.push_back({node_name, std::move(row)});
  }
  answer.node_statuses.assign(response.node_statuses().begin(), response.node_statuses().end());
  answer.summary = std::move(*response.mutable_summary());
  return answer;
}

absl::StatusOr<Answer<v1::Node>> ObserverClient::ListNodes(const v1::ListNodesRequest& request) {
  Call call(*state_, true);
  v1::ListNodesResponse response;
  RETURN_IF_ERROR(call.Explain(state_->stub->ListNodes(&call.context(), request, &response)));
  Answer<v1::Node> answer;
  TakeRows("", response.mutable_nodes(), answer);
  answer.summary = std::move(*response.mutable_summary());
  return answer;
}

// Step 1: start; step 2: read, the first message within the timeout; step 3: whoever ended it, drain and
// finish.
absl::Status ObserverClient::WatchDrops(const v1::WatchDropsRequest& request,
                                        const std::function<bool(const v1::WatchDropsResponse&)>& take) {
  Call call(*state_, false);
  grpc::CompletionQueue queue;
  const auto first_deadline = call.Deadline();
  const auto reader = state_->stub->PrepareAsyncWatchDrops(&call.context(), request, &queue);
  bool timed_out = false;
  const auto next = [&](bool is_first) {
    void* tag = nullptr;
    bool ok = false;
    if (is_first && queue.AsyncNext(&tag, &ok, first_deadline) != grpc::CompletionQueue::TIMEOUT) return ok;
    if (is_first) {
      timed_out = true;
      call.context().TryCancel();
    }
    return queue.Next(&tag, &ok) && ok;
  };
  reader->StartCall(nullptr);
  bool stopped_by_taker = false;
  bool was_heard = false;
  v1::WatchDropsResponse response;
  if (next(true)) {
    for (bool first = true;; first = false) {
      reader->Read(&response, nullptr);
      if (!next(first)) break;
      was_heard = true;
      if (!take(response)) {
        stopped_by_taker = true;
        call.context().TryCancel();
        break;
      }
    }
  }
  grpc::Status status;
  reader->Finish(&status, nullptr);
  next(false);
  queue.Shutdown();
  if (stopped_by_taker) return absl::OkStatus();
  if (timed_out) status = grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "no message");
  return call.Explain(status, was_heard);
}

void ObserverClient::Cancel() {
  sys::MutexLock lock(state_->mutex);
  state_->cancelled = true;
  for (grpc::ClientContext* context : state_->in_flight) context->TryCancel();
}

}  // namespace listenq::client
