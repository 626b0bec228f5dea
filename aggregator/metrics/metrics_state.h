// What /metrics and /readyz say, made of the answers of the peers.
#ifndef LISTENQ_AGGREGATOR_METRICS_METRICS_STATE_H_
#define LISTENQ_AGGREGATOR_METRICS_METRICS_STATE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "agent/sys/mutex.h"
#include "aggregator/metrics/metrics_node.h"
#include "aggregator/metrics/metrics_text.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::aggregator {

// What is known elsewhere in the process; what is not given has no family.
struct MetricsHooks {
  // When the server's own certificate ends; absent without one.
  std::function<std::optional<absl::Time>()> certificate_not_after;
  // For a certificate that was not accepted, and for anything else.
  std::function<uint64_t()> refused_handshakes;
  std::function<uint64_t()> failed_handshakes;
};

// Contract: for each poll of a peer BeginPoll, its answers in the order nodes, namespaces, listeners, drops,
//   and EndPoll; one poll at a time. Rows of a node that the peer did not list first are left out. Text is
//   what a scrape gets; it asks nobody.
// Threading: any thread. Hooks are called without the lock.
class MetricsState {
 public:
  // More nodes are left out.
  static constexpr size_t kMaxNodes = 5000;
  // A node that never came back.
  static constexpr absl::Duration kForgetNode = absl::Hours(24);

  explicit MetricsState(MetricsLimits limits = {}, MetricsHooks hooks = {})
      : limits_(limits), hooks_(std::move(hooks)) {}
  ~MetricsState() = default;
  MetricsState(const MetricsState&) = delete;
  MetricsState& operator=(const MetricsState&) = delete;

  // Others than `peers` are forgotten; `trouble` as Fleet's.
  void SetPeers(const std::vector<std::string>& peers, std::string trouble) ABSL_LOCKS_EXCLUDED(mutex_);
  void SetTrouble(std::string trouble) ABSL_LOCKS_EXCLUDED(mutex_);
  void BeginPoll() ABSL_LOCKS_EXCLUDED(mutex_);
  // The earliest last drop of the episodes that are to be asked for, by the nodes' clocks.
  absl::Time Add(const v1::ListNodesResponse& answer, absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);
  void Add(const v1::NamespaceBatch& batch) ABSL_LOCKS_EXCLUDED(mutex_);
  void Add(const v1::ListenerBatch& batch) ABSL_LOCKS_EXCLUDED(mutex_);
  void Add(const v1::DropBatch& batch) ABSL_LOCKS_EXCLUDED(mutex_);
  // What the peer says of one of its nodes: a node that did not answer makes the poll a failed one, and what
  // else came of that node is not complete. The other nodes' answers are.
  void Add(const v1::NodeStatus& status) ABSL_LOCKS_EXCLUDED(mutex_);
  // `failure` is "" or why the peer's answers are not complete: "node-1: unreachable". What makes the poll a
  // failed one: that, or the first node that did not answer; else "".
  std::string EndPoll(const std::string& peer, std::string failure, absl::Time now)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // `scrape`: somebody keeps it, and series that are 0 because they are new were seen once more.
  std::string Text(absl::Time now, bool scrape) ABSL_LOCKS_EXCLUDED(mutex_);
  // "" when at least one node's snapshot is fresh, else one line.
  [[nodiscard]] std::string WhyNotReady(absl::Time now) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct PeerState {
    bool polled = false;
    std::string failure;
    uint64_t ok = 0;
    uint64_t failed = 0;
  };
  struct NodeState {
    NodeMetrics metrics;
    uint64_t poll = 0;
  };

  NodeMetrics* Polled(const std::string& node) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  template <typename Write>
  void PerNode(MetricsText* text, absl::string_view family, MetricType type, absl::string_view help,
               Write write) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void WriteListeners(absl::Time now, MetricsText* text) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WriteNamespaces(absl::Time now, MetricsText* text) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WriteNodes(absl::Time now, MetricsText* text) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WritePeers(MetricsText* text) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WriteHooks(MetricsText* text) const;

  const MetricsLimits limits_;
  const MetricsHooks hooks_;
  mutable sys::Mutex mutex_;
  std::string trouble_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, PeerState> peers_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, NodeState> nodes_ ABSL_GUARDED_BY(mutex_);
  uint64_t poll_ ABSL_GUARDED_BY(mutex_) = 0;
  // Of the poll under way: the first node that did not answer, and why.
  std::string silent_node_ ABSL_GUARDED_BY(mutex_);
  // Of the last text: the next one is about as long.
  size_t text_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_METRICS_METRICS_STATE_H_
