#include "aggregator/metrics/metrics_agent.h"

#include <iterator>
#include <map>
#include <string>

namespace listenq::aggregator {
namespace {

using Value = std::optional<double>;

template <typename Number>
Value If(bool has, Number number) {
  return has ? Value(static_cast<double>(number)) : std::nullopt;
}

constexpr double kNano = 1e-9;
template <typename Time>
Value Seconds(bool has, const Time& time) {
  return If(has, static_cast<double>(time.seconds()) + kNano * time.nanos());
}

using Node = v1::Node;
constexpr AgentMetric kGauges[] = {
    {"listenq_node_namespaces", "Live network namespaces.",
     [](const Node& n) { return If(n.has_namespace_count(), n.namespace_count()); }},
    {"listenq_node_listeners", "Listening sockets in them.",
     [](const Node& n) { return If(n.has_listener_count(), n.listener_count()); }},
    {"listenq_node_unreadable_namespaces", "Network namespaces that could not be read in full.",
     [](const Node& n) {
       return If(n.status().has_unreadable_namespaces(), n.status().unreadable_namespaces());
     }},
    {"listenq_agent_start_time_seconds", "When the agent started, Unix time.",
     [](const Node& n) { return Seconds(n.has_start_time(), n.start_time()); }},
    {"listenq_agent_resident_memory_bytes", "VmRSS of the agent.",
     [](const Node& n) { return If(n.cost().has_rss_bytes(), n.cost().rss_bytes()); }},
    {"listenq_agent_anonymous_memory_bytes", "RssAnon of the agent.",
     [](const Node& n) { return If(n.cost().has_rss_anon_bytes(), n.cost().rss_anon_bytes()); }},
    {"listenq_agent_open_fds", "Open descriptors of the agent.",
     [](const Node& n) { return If(n.cost().has_open_fds(), n.cost().open_fds()); }},
    {"listenq_agent_max_fds", "Soft limit of open descriptors of the agent.",
     [](const Node& n) { return If(n.cost().has_fd_limit(), n.cost().fd_limit()); }},
    {"listenq_agent_recorder_bytes", "Memory of the agent's flight recorder.",
     [](const Node& n) { return If(n.cost().has_recorder_bytes(), n.cost().recorder_bytes()); }},
    {"listenq_agent_recorder_limit_bytes", "Bound of the memory of the agent's flight recorder.",
     [](const Node& n) { return If(n.cost().has_recorder_limit_bytes(), n.cost().recorder_limit_bytes()); }},
    {"listenq_agent_last_beat_duration_seconds", "How long the agent's last look at every listener took.",
     [](const Node& n) { return Seconds(n.has_last_beat_duration(), n.last_beat_duration()); }},
};

constexpr AgentMetric kCounters[] = {
    {"listenq_agent_cpu_seconds_total", "CPU time of the agent.",
     [](const Node& n) { return Seconds(n.cost().has_cpu_time(), n.cost().cpu_time()); }},
    {"listenq_agent_late_beats_total", "Beats that the agent skipped because one took too long.",
     [](const Node& n) { return If(n.has_late_beats(), n.late_beats()); }},
    {"listenq_agent_vanished_namespaces_total",
     "Network namespaces that vanished while the agent read them: normal.",
     [](const Node& n) { return If(n.has_vanished_namespaces(), n.vanished_namespaces()); }},
};
static_assert(std::size(kCounters) == kAgentCounters);

bool SameAgent(const Node& a, const Node& b) {
  return a.boot_id() == b.boot_id() && a.start_time().seconds() == b.start_time().seconds() &&
         a.start_time().nanos() == b.start_time().nanos();
}

}  // namespace

absl::Span<const AgentMetric> AgentGauges() { return kGauges; }
absl::Span<const AgentMetric> AgentCounters() { return kCounters; }

void AgentMetrics::Set(const v1::Node& node) {
  const bool anew = answered_ && !SameAgent(node, node_);
  for (size_t i = 0; i < kAgentCounters; ++i) {
    const Value value = kCounters[i].value(node);
    if (!value.has_value()) continue;
    if (anew) counters_[i].last = 0;
    counters_[i].total += Advance(*value, /*from_zero=*/false, &counters_[i].last);
  }
  node_ = node;
  answered_ = true;
}

void AgentMetrics::WriteGauge(size_t which, MetricsText* text) const {
  if (const Value value = kGauges[which].value(node_)) text->AddDouble(labels_, *value);
}

void AgentMetrics::WriteCounter(size_t which, MetricsText* text) const {
  const Counter& counter = counters_[which];
  if (counter.last.has_value()) text->AddDouble(labels_, counter.total);
}

void AgentMetrics::WriteSources(MetricsText* text) const {
  std::map<std::string, bool> by_label;
  for (const v1::SourceHealth& source : node_.sources()) {
    std::string label;
    AddLabel("source", source.source(), &label);
    by_label[label] = source.healthy();
  }
  for (const auto& [label, healthy] : by_label) text->Add(labels_, label, healthy ? 1 : 0);
}

void AgentMetrics::WriteInfo(MetricsText* text) const {
  std::string info;
  AddLabel("version", node_.version(), &info);
  AddLabel("kernel", node_.kernel_release(), &info);
  text->Add(labels_, info, 1);
}

}  // namespace listenq::aggregator
