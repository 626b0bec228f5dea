#include "aggregator/metrics/metrics_poller.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "aggregator/metrics/metrics_tables.h"
#include "base/address.h"
#include "base/logging.h"
#include "base/observer_rows.h"

namespace listenq::aggregator {
namespace {

v1::ListNamespacesRequest NamespacesRequest() {
  v1::ListNamespacesRequest request;
  request.set_include_ended(true);
  for (const CounterMetric& metric : kCounterMetrics) request.add_counter_names(std::string(metric.counter));
  for (const LevelMetric& metric : kLevelMetrics) {
    if (metric.source == LevelSource::kCounter) request.add_counter_names(std::string(metric.name));
    if (metric.source == LevelSource::kSysctl && metric.position == 0) {
      request.add_sysctl_names(std::string(metric.name));
    }
  }
  return request;
}

v1::ListDropsRequest DropsRequest(absl::Time since) {
  v1::ListDropsRequest request;
  request.mutable_since_time()->set_seconds(absl::ToUnixSeconds(since));
  return request;
}

grpc::Status TooMuch() {
  return {grpc::StatusCode::OUT_OF_RANGE, absl::StrCat("sent more than ", MetricsPoller::kMaxRows, " rows")};
}

}  // namespace

MetricsPoller::MetricsPoller(FleetSource fleet, const Options& options, MetricsState* state)
    : fleet_(std::move(fleet)), options_(options), state_(*state), thread_([this] { Run(); }) {}

MetricsPoller::~MetricsPoller() {
  {
    const sys::MutexLock lock(mutex_);
    stop_ = true;
    if (running_ != nullptr) running_->TryCancel();
    stopping_.notify_all();
  }
  thread_.join();
}

void MetricsPoller::Run() {
  do {
    PollAll();
  } while (Pause());
}

bool MetricsPoller::Pause() {
  const absl::Time end = absl::Now() + options_.interval;
  sys::MutexLock lock(mutex_);
  while (!stop_) {
    const absl::Duration rest = std::min(end - absl::Now(), options_.interval);
    if (rest <= absl::ZeroDuration()) return true;
    lock.WaitFor(stopping_, absl::ToChronoNanoseconds(rest));
  }
  return false;
}

void MetricsPoller::PollAll() {
  const std::shared_ptr<const Fleet> fleet = fleet_();
  std::vector<std::string> addresses;
  for (const auto& peer : fleet->peers) addresses.push_back(base::ToString(peer->spec().address));
  state_.SetPeers(addresses, fleet->trouble);
  for (const auto& peer : fleet->peers) {
    const std::string address = base::ToString(peer->spec().address);
    state_.BeginPoll();
    const grpc::Status status = WithoutAnswer(Poll(*peer), options_.timeout);
    {
      const sys::MutexLock lock(mutex_);
      if (stop_) return;
    }
    std::string failure;
    if (!status.ok()) failure = absl::StrCat(peer->name(), ": ", FailedStatus(*peer, status).message());
    Note(address, state_.EndPoll(address, std::move(failure), absl::Now()));
  }
}

void MetricsPoller::Note(const std::string& address, const std::string& failure) {
  if (!failure.empty()) {
    failed_.insert(address);
    base::LogLimited(spdlog::level::warn, address, absl::StrCat("ask for metrics: ", failure));
  } else if (failed_.erase(address) > 0) {
    base::LogLimited(spdlog::level::info, address,
                     absl::StrCat("ask for metrics: ", address, " answers in full again"));
  }
}

template <typename Call>
grpc::Status MetricsPoller::Ask(absl::Time deadline, Call call) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(deadline));
  {
    const sys::MutexLock lock(mutex_);
    if (stop_) return {grpc::StatusCode::CANCELLED, "stopping"};
    running_ = &context;
  }
  const grpc::Status status = call(&context);
  const sys::MutexLock lock(mutex_);
  running_ = nullptr;
  return status;
}

template <typename Response>
grpc::Status MetricsPoller::Take(const Peer& peer, uint64_t* rows, Response* message) {
  if (message->has_node_status()) state_.Add(message->node_status());
  if (!message->has_batch()) return grpc::Status::OK;
  *rows += static_cast<uint64_t>(base::RowsOf(message->mutable_batch())->size());
  if (*rows > kMaxRows) return TooMuch();
  grpc::Status refusal = CheckNodeName(peer, message->batch().node_name());
  if (refusal.ok()) state_.Add(message->batch());
  return refusal;
}

template <typename Response, typename Start>
grpc::Status MetricsPoller::AskStream(const Peer& peer, absl::Time deadline, uint64_t* rows, Start start) {
  return Ask(deadline, [&](grpc::ClientContext* context) {
    const auto reader = start(context);
    Response message;
    grpc::Status refusal;
    while (refusal.ok() && reader->Read(&message)) refusal = Take(peer, rows, &message);
    if (!refusal.ok()) context->TryCancel();
    while (!refusal.ok() && reader->Read(&message)) continue;
    const grpc::Status status = reader->Finish();
    return refusal.ok() ? status : refusal;
  });
}

grpc::Status MetricsPoller::Poll(const Peer& peer) {
  const absl::Time deadline = absl::Now() + options_.timeout;
  v1::ListNodesResponse nodes;
  grpc::Status status = Ask(deadline, [&](grpc::ClientContext* context) {
    return peer.stub().ListNodes(context, v1::ListNodesRequest(), &nodes);
  });
  if (!status.ok()) return status;
  for (const v1::Node& node : nodes.nodes()) {
    status = CheckNodeName(peer, node.status().node_name());
    if (!status.ok()) return status;
  }
  if (nodes.nodes_size() == 1) peer.NoteNode(nodes.nodes(0).status().node_name());
  const absl::Time since = state_.Add(nodes, absl::Now());
  for (const v1::Node& node : nodes.nodes()) state_.Add(node.status());
  return options_.rows ? PollRows(peer, deadline, since) : grpc::Status::OK;
}

grpc::Status MetricsPoller::PollRows(const Peer& peer, absl::Time deadline, absl::Time drops_since) {
  uint64_t rows = 0;
  grpc::Status status = AskStream<v1::ListNamespacesResponse>(peer, deadline, &rows, [&](auto* context) {
    return peer.stub().ListNamespaces(context, NamespacesRequest());
  });
  if (!status.ok()) return status;
  status = AskStream<v1::ListListenersResponse>(peer, deadline, &rows, [&](auto* context) {
    return peer.stub().ListListeners(context, v1::ListListenersRequest());
  });
  if (!status.ok()) return status;
  return AskStream<v1::ListDropsResponse>(peer, deadline, &rows, [&](auto* context) {
    return peer.stub().ListDrops(context, DropsRequest(drops_since));
  });
}

}  // namespace listenq::aggregator
