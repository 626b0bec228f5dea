// What is shown of one node: its listeners, network namespaces, workloads and agent.
#ifndef LISTENQ_AGGREGATOR_METRICS_METRICS_NODE_H_
#define LISTENQ_AGGREGATOR_METRICS_METRICS_NODE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "aggregator/metrics/metrics_agent.h"
#include "aggregator/metrics/metrics_tables.h"
#include "aggregator/metrics/metrics_text.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::aggregator {

struct MetricsLimits {
  size_t listeners = 10000;
  // Of one network namespace.
  size_t listeners_of_namespace = 200;
  size_t namespaces = 1000;
  size_t workloads = 1000;
  // Scrapes in which a new series is 0.
  int zero_scrapes = 2;
  // Counters of what is gone.
  absl::Duration keep = absl::Minutes(15);
  // An older snapshot has no gauges.
  absl::Duration stale = absl::Seconds(15);
};

// Contract: Begin with the node's own row, then the rows of one poll in the order namespaces, listeners,
//   episodes, then End if the poll was answered in full: only then gauges change and what is missing is gone.
//   Counters count what was added since the first poll (docs/metrics.md, "How counters count"). Write… put
//   the lines of one family.
// Threading: none.
class NodeMetrics {
 public:
  // The limits outlive it.
  NodeMetrics(std::string name, const MetricsLimits* limits);

  void Begin(const v1::Node& node, absl::Time now);
  void Add(const v1::Namespace& row);
  void Add(const v1::Listener& row);
  void Add(const v1::DropEpisode& row);
  void End();
  // Forgets what is gone for long enough.
  void Expire(absl::Time now);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const AgentMetrics& agent() const { return agent_; }
  [[nodiscard]] const v1::NodeStatus& status() const { return agent_.node().status(); }
  [[nodiscard]] absl::Time answered() const { return answered_; }
  [[nodiscard]] absl::Duration Age(absl::Time now) const { return age_ + (now - answered_); }
  // A poll of it was answered in full, of an agent that had read everything.
  [[nodiscard]] bool is_known() const { return !first_; }
  [[nodiscard]] bool IsFresh(absl::Time now) const { return Age(now) <= limits_->stale; }
  // From when on episodes are to be asked for in this poll; a timestamp of the agent's clock.
  [[nodiscard]] absl::Time DropsSince() const;

  // Every new series was shown once more.
  void NoteScrape();
  void WriteListenerGauges(size_t which, absl::Time now, MetricsText* text) const;  // queue, limit, peak
  void WriteListenerDrops(MetricsText* text) const;
  void WriteCounter(size_t which, MetricsText* text) const;
  void WriteUnattributed(MetricsText* text) const;
  void WriteLevel(size_t which, absl::Time now, MetricsText* text) const;
  void WriteWorkloads(MetricsText* text) const;
  void WriteHostLevel(size_t which, absl::Time now, MetricsText* text) const;  // orphans, TCP memory
  void WriteAge(absl::Time now, MetricsText* text) const {
    text->AddDouble(labels_, absl::ToDoubleSeconds(Age(now)));
  }
  void WriteDropped(MetricsText* text) const;

 private:
  // How long a series has been there.
  struct Life {
    uint64_t poll = 0;  // the last one that had it
    absl::Time gone = absl::InfiniteFuture();
    int scrapes = 0;
  };
  static constexpr size_t kCauses = kCauseLabels.size();
  struct ListenerGauges {
    bool there = false;
    uint32_t queue = 0;
    std::optional<uint32_t> limit;
    uint32_t peak = 0;
  };
  struct ListenerSeries {
    Life life;
    uint64_t netns = 0;  // inode
    std::array<uint64_t, kCauses> drops{};
    ListenerGauges shown;
    ListenerGauges next;
  };
  using Levels = std::array<std::optional<double>, kLevelMetrics.size()>;
  struct NamespaceSeries {
    Life life;
    // What this kernel has.
    std::array<std::optional<uint64_t>, kCounterMetrics.size()> counters;
    uint64_t unattributed = 0;
    Levels shown;
    Levels next;
  };
  struct WorkloadSeries {
    Life life;
    uint64_t drops = 0;
  };
  // One network namespace, as the kernel knows it.
  struct NetnsKey {
    bool has_cookie = false;
    uint64_t number = 0;
    bool operator==(const NetnsKey&) const = default;
    template <typename H>
    friend H AbslHashValue(H h, const NetnsKey& key) {
      return H::combine(std::move(h), key.has_cookie, key.number);
    }
  };
  struct NetnsCounts {
    uint64_t first_poll = 0;
    absl::Time seen;
    // It began after the first poll: what it has is new.
    bool from_zero = false;
    std::array<std::optional<uint64_t>, kCounterMetrics.size()> last;
  };
  struct Episode {
    uint64_t poll = 0;
    std::array<uint64_t, kCauses> counts{};
    uint64_t unattributed = 0;
    std::map<uint64_t, uint64_t> shares;  // by cookie: min
  };

  NetnsCounts& CountsOf(const v1::Netns& netns);
  // Null: it had ended before anything was counted, or long ago.
  NamespaceSeries* SeriesOf(const v1::Namespace& row, const NetnsCounts& counts);
  NamespaceSeries& NamespaceNamed(const std::string& labels);
  ListenerSeries& ListenerOf(const v1::Netns& netns, const std::string& labels, const std::string& pod);
  WorkloadSeries* WorkloadOf(const v1::Namespace& row);
  static void AddCounters(const v1::Namespace& row, NetnsCounts* counts, NamespaceSeries* series,
                          WorkloadSeries* workload);
  static void AddLevels(const v1::Namespace& row, Levels* levels);
  void AddShares(const v1::DropEpisode& row, const std::array<uint64_t, kCauses>& counts, Episode* before);
  ListenerSeries& SeriesOf(const v1::DropEpisode& row, const v1::DropShare& share);
  void Touch(Life* life) const;
  template <typename Series>
  void EndAll(std::map<std::string, Series>* all) const;
  [[nodiscard]] uint64_t Shown(const Life& life, uint64_t value) const {
    return life.scrapes < limits_->zero_scrapes ? 0 : value;
  }

  const std::string name_;
  const std::string labels_;
  const MetricsLimits* const limits_;

  AgentMetrics agent_;
  absl::Time answered_ = absl::InfinitePast();
  absl::Duration age_;
  absl::Time look_back_ = absl::InfinitePast();
  uint64_t poll_ = 0;
  // No poll of it has ended yet, or its agent has not read everything since.
  bool first_ = true;

  // By labels.
  std::map<std::string, ListenerSeries> listeners_;
  std::map<std::string, NamespaceSeries> namespaces_;
  std::map<std::string, WorkloadSeries> workloads_;
  // Of namespaces, by inode.
  absl::flat_hash_map<uint64_t, size_t> listeners_of_;
  // Sockets of this poll, by the namespace's inode and the cookie.
  absl::flat_hash_map<std::pair<uint64_t, uint64_t>, ListenerSeries*> sockets_;
  absl::flat_hash_map<NetnsKey, NetnsCounts> counts_;
  std::unordered_map<uint64_t, Episode> episodes_;
  std::array<std::optional<uint64_t>, 2> host_;
  std::array<uint64_t, 3> dropped_{};
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_METRICS_METRICS_NODE_H_
