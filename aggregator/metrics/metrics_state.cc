#include "aggregator/metrics/metrics_state.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "base/version.h"

namespace listenq::aggregator {
namespace {

constexpr size_t kSpareBytes = 4096;

constexpr std::array<std::pair<absl::string_view, absl::string_view>, 3> kListenerGauges = {{
    {"listenq_listener_queue", "Connections that are complete and wait for accept(2)."},
    {"listenq_listener_queue_limit", "Backlog limit in force. A limit of N holds N + 1."},
    {"listenq_listener_queue_peak", "Highest queue sampled in the last 5 minutes."},
}};
constexpr std::array<std::pair<absl::string_view, absl::string_view>, 2> kHostLevels = {{
    {"listenq_node_sockstat_TCP_orphan", "Orphaned TCP sockets of the whole node."},
    {"listenq_node_sockstat_TCP_mem", "Pages of TCP buffers of the whole node."},
}};

std::string Label(absl::string_view name, absl::string_view value) {
  std::string label;
  AddLabel(name, value, &label);
  return label;
}

// It sent no rows, or not all of them.
bool IsSilent(const v1::NodeStatus& status) {
  return status.state() == v1::NODE_STATE_UNAVAILABLE || status.state() == v1::NODE_STATE_VERSION_SKEW;
}

// "" is fresh.
std::string WhyNotFresh(const NodeMetrics& node, absl::Time now) {
  const v1::NodeStatus& status = node.status();
  if (status.state() == v1::NODE_STATE_STARTING) return absl::StrCat(node.name(), ": ", status.message());
  if (!node.is_known()) return absl::StrCat(node.name(), ": has not answered in full yet");
  if (node.IsFresh(now)) return "";
  return absl::StrCat(node.name(), ": the snapshot is ",
                      absl::FormatDuration(absl::Trunc(node.Age(now), absl::Seconds(1))), " old");
}

}  // namespace

void MetricsState::SetPeers(const std::vector<std::string>& peers, std::string trouble) {
  const sys::MutexLock lock(mutex_);
  trouble_ = std::move(trouble);
  std::erase_if(peers_, [&](const auto& peer) {
    return std::find(peers.begin(), peers.end(), peer.first) == peers.end();
  });
  for (const std::string& peer : peers) peers_.try_emplace(peer);
}

void MetricsState::SetTrouble(std::string trouble) {
  const sys::MutexLock lock(mutex_);
  trouble_ = std::move(trouble);
}

void MetricsState::BeginPoll() {
  const sys::MutexLock lock(mutex_);
  ++poll_;
  silent_node_.clear();
}

absl::Time MetricsState::Add(const v1::ListNodesResponse& answer, absl::Time now) {
  const sys::MutexLock lock(mutex_);
  absl::Time since = now;
  for (const v1::Node& row : answer.nodes()) {
    const std::string& name = row.status().node_name();
    // Who did not answer has no reading: what is known of it stays.
    if (!row.status().has_read_time()) continue;
    auto found = nodes_.find(name);
    if (found == nodes_.end() && nodes_.size() >= kMaxNodes) continue;
    if (found == nodes_.end()) found = nodes_.emplace(name, NodeState{NodeMetrics(name, &limits_)}).first;
    found->second.poll = poll_;
    found->second.metrics.Begin(row, now);
    since = std::min(since, found->second.metrics.DropsSince());
  }
  return since;
}

NodeMetrics* MetricsState::Polled(const std::string& node) {
  const auto found = nodes_.find(node);
  return found == nodes_.end() || found->second.poll != poll_ ? nullptr : &found->second.metrics;
}

void MetricsState::Add(const v1::NamespaceBatch& batch) {
  const sys::MutexLock lock(mutex_);
  NodeMetrics* const node = Polled(batch.node_name());
  if (node == nullptr) return;
  for (const v1::Namespace& row : batch.namespaces()) node->Add(row);
}

void MetricsState::Add(const v1::ListenerBatch& batch) {
  const sys::MutexLock lock(mutex_);
  NodeMetrics* const node = Polled(batch.node_name());
  if (node == nullptr) return;
  for (const v1::Listener& row : batch.listeners()) node->Add(row);
}

void MetricsState::Add(const v1::DropBatch& batch) {
  const sys::MutexLock lock(mutex_);
  NodeMetrics* const node = Polled(batch.node_name());
  if (node == nullptr) return;
  for (const v1::DropEpisode& row : batch.episodes()) node->Add(row);
}

void MetricsState::Add(const v1::NodeStatus& status) {
  if (!IsSilent(status)) return;
  const sys::MutexLock lock(mutex_);
  if (silent_node_.empty()) silent_node_ = absl::StrCat(status.node_name(), ": ", status.message());
  const auto found = nodes_.find(status.node_name());
  if (found != nodes_.end()) found->second.poll = 0;
}

std::string MetricsState::EndPoll(const std::string& peer, std::string failure, absl::Time now) {
  const sys::MutexLock lock(mutex_);
  for (auto& [name, node] : nodes_) {
    if (failure.empty() && node.poll == poll_) node.metrics.End();
    node.metrics.Expire(now);
  }
  PeerState& state = peers_[peer];
  state.polled = true;
  state.failure = failure.empty() ? silent_node_ : std::move(failure);
  ++(state.failure.empty() ? state.ok : state.failed);
  std::erase_if(nodes_, [&](const auto& node) { return now - node.second.metrics.answered() > kForgetNode; });
  return state.failure;
}

template <typename Write>
void MetricsState::PerNode(MetricsText* text, absl::string_view family, MetricType type,
                           absl::string_view help, Write write) const {
  text->Begin(family, type, help);
  for (const auto& [name, node] : nodes_) write(node.metrics);
}

void MetricsState::WriteListeners(absl::Time now, MetricsText* text) const {
  for (size_t i = 0; i < kListenerGauges.size(); ++i) {
    PerNode(text, kListenerGauges[i].first, MetricType::kGauge, kListenerGauges[i].second,
            [&](const NodeMetrics& node) { node.WriteListenerGauges(i, now, text); });
  }
  PerNode(text, "listenq_listener_listen_drops_total", MetricType::kCounter,
          "Connection attempts that the listener certainly lost, by cause.",
          [&](const NodeMetrics& node) { node.WriteListenerDrops(text); });
}

void MetricsState::WriteNamespaces(absl::Time now, MetricsText* text) const {
  for (size_t i = 0; i < kCounterMetrics.size(); ++i) {
    PerNode(text, kCounterMetrics[i].family, MetricType::kCounter, kCounterMetrics[i].help,
            [&](const NodeMetrics& node) { node.WriteCounter(i, text); });
  }
  PerNode(text, "listenq_listen_drops_unattributed_total", MetricType::kCounter,
          "Connection attempts lost in the namespace that no one listener's share covers.",
          [&](const NodeMetrics& node) { node.WriteUnattributed(text); });
  for (size_t i = 0; i < kLevelMetrics.size(); ++i) {
    const auto write = [&](const NodeMetrics& node) { node.WriteLevel(i, now, text); };
    // Further lines of the family before.
    if (i > 0 && kLevelMetrics[i].family == kLevelMetrics[i - 1].family) {
      for (const auto& [name, node] : nodes_) write(node.metrics);
      continue;
    }
    PerNode(text, kLevelMetrics[i].family, MetricType::kGauge, kLevelMetrics[i].help, write);
  }
  PerNode(text, "listenq_workload_listen_drops_total", MetricType::kCounter,
          "Connection attempts lost at listeners of all pods that the workload had on the node.",
          [&](const NodeMetrics& node) { node.WriteWorkloads(text); });
}

void MetricsState::WriteNodes(absl::Time now, MetricsText* text) const {
  PerNode(text, "listenq_node_snapshot_age_seconds", MetricType::kGauge, "Age of the agent's last reading.",
          [&](const NodeMetrics& node) { node.WriteAge(now, text); });
  for (size_t i = 0; i < kHostLevels.size(); ++i) {
    PerNode(text, kHostLevels[i].first, MetricType::kGauge, kHostLevels[i].second,
            [&](const NodeMetrics& node) { node.WriteHostLevel(i, now, text); });
  }
  const auto if_fresh = [&](auto write) {
    return [&, write](const NodeMetrics& node) {
      if (node.IsFresh(now)) write(node.agent());
    };
  };
  PerNode(text, "listenq_agent_info", MetricType::kGauge, "Version of the agent, and the kernel's.",
          if_fresh([&](const AgentMetrics& agent) { agent.WriteInfo(text); }));
  PerNode(text, "listenq_agent_owner_source_up", MetricType::kGauge,
          "Whether what names pods and containers answers the agent.",
          if_fresh([&](const AgentMetrics& agent) { agent.WriteSources(text); }));
  for (size_t i = 0; i < AgentGauges().size(); ++i) {
    PerNode(text, AgentGauges()[i].family, MetricType::kGauge, AgentGauges()[i].help,
            if_fresh([&, i](const AgentMetrics& agent) { agent.WriteGauge(i, text); }));
  }
  for (size_t i = 0; i < AgentCounters().size(); ++i) {
    PerNode(text, AgentCounters()[i].family, MetricType::kCounter, AgentCounters()[i].help,
            [&](const NodeMetrics& node) { node.agent().WriteCounter(i, text); });
  }
  PerNode(text, "listenq_series_dropped_total", MetricType::kCounter,
          "Rows of polls that have no series of their own but the one named overflow.",
          [&](const NodeMetrics& node) { node.WriteDropped(text); });
}

void MetricsState::WritePeers(MetricsText* text) const {
  text->Begin("listenq_peer_up", MetricType::kGauge,
              "1: the last poll of the peer was answered in full, by each of its nodes.");
  for (const auto& [peer, state] : peers_) {
    if (state.polled) text->Add(Label("peer", peer), state.failure.empty() ? 1 : 0);
  }
  text->Begin("listenq_peer_polls_total", MetricType::kCounter, "Polls of the peer.");
  for (const auto& [peer, state] : peers_) {
    text->Add(Label("peer", peer), "result=\"ok\"", state.ok);
    text->Add(Label("peer", peer), "result=\"failed\"", state.failed);
  }
}

void MetricsState::WriteHooks(MetricsText* text) const {
  text->Begin("listenq_build_info", MetricType::kGauge, "Version of this server.");
  text->Add(Label("version", base::Version()), 1);
  text->Begin("listenq_tls_certificate_not_after_timestamp_seconds", MetricType::kGauge,
              "When this server's own certificate ends, Unix time.");
  if (hooks_.certificate_not_after) {
    if (const std::optional<absl::Time> end = hooks_.certificate_not_after()) {
      text->AddDouble("", absl::ToDoubleSeconds(*end - absl::UnixEpoch()));
    }
  }
  text->Begin(
      "listenq_tls_refused_handshakes_total", MetricType::kCounter,
      "TLS handshakes that failed, from and to this server, for a certificate that was not accepted.");
  if (hooks_.refused_handshakes) text->Add("", hooks_.refused_handshakes());
  text->Begin("listenq_tls_failed_handshakes_total", MetricType::kCounter,
              "TLS handshakes that failed for another reason, such as a plain HTTP request.");
  if (hooks_.failed_handshakes) text->Add("", hooks_.failed_handshakes());
}

std::string MetricsState::Text(absl::Time now, bool scrape) {
  MetricsText hooks;
  WriteHooks(&hooks);
  const sys::MutexLock lock(mutex_);
  MetricsText text(text_bytes_ + kSpareBytes);
  WriteListeners(now, &text);
  WriteNamespaces(now, &text);
  WriteNodes(now, &text);
  WritePeers(&text);
  if (scrape) {
    for (auto& [name, node] : nodes_) node.metrics.NoteScrape();
  }
  std::string all = text.Take();
  all += hooks.Take();
  text_bytes_ = all.size();
  return all;
}

std::string MetricsState::WhyNotReady(absl::Time now) const {
  const sys::MutexLock lock(mutex_);
  if (peers_.empty()) return trouble_.empty() ? "no peer" : absl::StrCat("no peer: ", trouble_);
  std::string why;
  for (const auto& [name, node] : nodes_) {
    const std::string node_why = WhyNotFresh(node.metrics, now);
    if (node_why.empty()) return "";
    if (why.empty()) why = node_why;
  }
  for (const auto& [peer, state] : peers_) {
    if (!state.failure.empty()) return state.failure;
  }
  return why.empty() ? "no peer was asked yet" : why;
}

}  // namespace listenq::aggregator
