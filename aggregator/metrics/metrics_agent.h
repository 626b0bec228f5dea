// What is shown of a node's agent.
#ifndef LISTENQ_AGGREGATOR_METRICS_METRICS_AGENT_H_
#define LISTENQ_AGGREGATOR_METRICS_METRICS_AGENT_H_

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "aggregator/metrics/metrics_text.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::aggregator {

// A number of the agent or its node. Absent where it is not known.
struct AgentMetric {
  absl::string_view family;
  absl::string_view help;
  std::optional<double> (*value)(const v1::Node& node);
};
absl::Span<const AgentMetric> AgentGauges();
inline constexpr size_t kAgentCounters = 3;
absl::Span<const AgentMetric> AgentCounters();  // kAgentCounters of them

// What was counted since `*last`, which becomes `now`; nothing the first time, unless that counts from zero.
// A number that went down has begun anew: it counts in full.
template <typename Number>
Number Advance(Number now, bool from_zero, std::optional<Number>* last) {
  const Number before = last->value_or(from_zero ? Number{0} : now);
  *last = now;
  return now >= before ? now - before : now;
}

// Contract: Set with each answer; then Write… put the lines of one family. Counters count from the first
//   answer on, over restarts of the agent.
// Threading: none.
class AgentMetrics {
 public:
  // `labels`: the node's.
  explicit AgentMetrics(std::string labels) : labels_(std::move(labels)) {}

  void Set(const v1::Node& node);
  // The node's start and boot as of the last answer, for comparison.
  [[nodiscard]] const v1::Node& node() const { return node_; }

  void WriteGauge(size_t which, MetricsText* text) const;
  void WriteCounter(size_t which, MetricsText* text) const;
  void WriteSources(MetricsText* text) const;
  void WriteInfo(MetricsText* text) const;

 private:
  struct Counter {
    std::optional<double> last;
    double total = 0;
  };

  const std::string labels_;
  bool answered_ = false;
  v1::Node node_;
  std::array<Counter, kAgentCounters> counters_;
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_METRICS_METRICS_AGENT_H_
