// Answers of a peer, made by hand.
#ifndef LISTENQ_TESTS_AGGREGATOR_METRICS_METRICS_ROWS_H_
#define LISTENQ_TESTS_AGGREGATOR_METRICS_METRICS_ROWS_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "aggregator/metrics/metrics_state.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::aggregator {

inline const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);
inline constexpr char kPeer[] = "unix:///run/listenq/agent.sock";

inline v1::Netns NetnsOf(uint64_t number) {
  v1::Netns netns;
  netns.set_boot_id("b00t");
  netns.set_cookie(100 + number);
  netns.set_inode(4026530000 + number);
  return netns;
}

inline v1::Owner PodNamed(const std::string& pod, const std::string& container = "nginx") {
  v1::Owner owner;
  owner.set_namespace_("shop");
  owner.set_pod(pod);
  owner.set_container(container);
  owner.set_workload("Deployment web");
  return owner;
}

struct Poll {
  v1::Node node;
  std::vector<v1::Namespace> namespaces;
  std::vector<v1::Listener> listeners;
  std::vector<v1::DropEpisode> episodes;
  std::string failure;
  // What the peer says behind its rows.
  std::vector<v1::NodeStatus> statuses;

  explicit Poll(absl::Time at, const std::string& name = "node-1") {
    node.mutable_status()->set_node_name(name);
    node.mutable_status()->set_state(v1::NODE_STATE_OK);
    node.mutable_status()->mutable_read_time()->set_seconds(absl::ToUnixSeconds(at) - 1);
    node.mutable_status()->mutable_age()->set_seconds(1);
    node.mutable_start_time()->set_seconds(absl::ToUnixSeconds(kStart) - 3600);
    node.set_boot_id("b00t");
  }
  v1::Namespace& AddNamespace(uint64_t number, const v1::Owner& owner,
                              const std::map<std::string, uint64_t>& counters) {
    v1::Namespace& row = namespaces.emplace_back();
    *row.mutable_netns() = NetnsOf(number);
    *row.add_owners() = owner;
    for (const auto& [counter, value] : counters) (*row.mutable_counters())[counter] = value;
    return row;
  }
  v1::Listener& AddListener(uint64_t number, const v1::Owner& owner, uint32_t port, uint32_t queue,
                            std::optional<uint32_t> limit) {
    v1::Listener& row = listeners.emplace_back();
    *row.mutable_netns() = NetnsOf(number);
    *row.add_owners() = owner;
    row.set_local_port(port);
    row.set_cookie(port);
    row.set_queue(queue);
    row.set_peak_queue(queue);
    if (limit.has_value()) row.set_limit(*limit);
    return row;
  }
  // Shares by port: that many for certain.
  v1::DropEpisode& AddEpisode(uint64_t id, uint64_t number, const v1::Owner& owner,
                              const v1::DropCounts& counts, const std::map<uint32_t, uint64_t>& shares) {
    v1::DropEpisode& row = episodes.emplace_back();
    row.set_id(id);
    *row.mutable_netns() = NetnsOf(number);
    *row.add_owners() = owner;
    *row.mutable_counts() = counts;
    uint64_t rest =
        counts.accept_queue_full() + counts.syn_queue_full() + counts.probably_syn_queue() + counts.other();
    for (const auto& [port, drops] : shares) {
      v1::DropShare& share = *row.add_shares();
      share.set_local_port(port);
      share.set_cookie(port);
      share.mutable_drops()->set_min(drops);
      share.mutable_drops()->set_max(rest);
      rest -= drops;
    }
    row.set_unattributed(rest);
    return row;
  }
};

inline v1::DropCounts Overflows(uint64_t count, uint64_t other = 0) {
  v1::DropCounts counts;
  counts.set_accept_queue_full(count);
  counts.set_other(other);
  return counts;
}

// Gives the poll to the state; returns from when on drops are asked for.
inline absl::Time Apply(const Poll& poll, absl::Time now, MetricsState* state) {
  state->SetPeers({kPeer}, "");
  state->BeginPoll();
  v1::ListNodesResponse nodes;
  *nodes.add_nodes() = poll.node;
  const absl::Time since = state->Add(nodes, now);
  const std::string& name = poll.node.status().node_name();
  v1::NamespaceBatch namespaces;
  namespaces.set_node_name(name);
  for (const auto& row : poll.namespaces) *namespaces.add_namespaces() = row;
  state->Add(namespaces);
  v1::ListenerBatch listeners;
  listeners.set_node_name(name);
  for (const auto& row : poll.listeners) *listeners.add_listeners() = row;
  state->Add(listeners);
  v1::DropBatch drops;
  drops.set_node_name(name);
  for (const auto& row : poll.episodes) *drops.add_episodes() = row;
  state->Add(drops);
  for (const v1::NodeStatus& status : poll.statuses) state->Add(status);
  state->EndPoll(kPeer, poll.failure, now);
  return since;
}

// The value of the line "series value"; absent where there is none.
inline std::optional<double> ValueOf(const std::string& text, const std::string& series) {
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const size_t space = line.rfind(' ');
    double value = 0;
    if (space != absl::string_view::npos && line.substr(0, space) == series &&
        absl::SimpleAtod(line.substr(space + 1), &value)) {
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace listenq::aggregator

#endif  // LISTENQ_TESTS_AGGREGATOR_METRICS_METRICS_ROWS_H_
