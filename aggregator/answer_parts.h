// What an answer says besides its rows: states of nodes, results of rules, the summary; of one peer, and of
// all.
#ifndef LISTENQ_AGGREGATOR_ANSWER_PARTS_H_
#define LISTENQ_AGGREGATOR_ANSWER_PARTS_H_

#include <grpcpp/support/status.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "aggregator/peers/fleet.h"
#include "aggregator/peers/peer.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::aggregator {

// How long one call waits for its peers.
struct CallTimes {
  // For all of them.
  absl::Time deadline;
  // For the next message of one.
  absl::Duration peer_timeout;
};

// 80 % of what the caller has left (of a minute where it sets no deadline): the rest is for the way back.
CallTimes TimesFor(std::chrono::system_clock::time_point callers_deadline, absl::Duration peer_timeout,
                   absl::Time now);

struct PeerParts {
  // More are not what a peer sends.
  static constexpr size_t kMaxStatuses = 10000;
  static constexpr size_t kMaxRuleResults = 1000;

  std::vector<v1::NodeStatus> statuses;
  std::vector<v1::RuleResult> rule_results;
  std::optional<v1::Summary> summary;

  // Of a message without rows; a payload of a later version is left out. Not OK: what the peer should not
  // have sent.
  template <typename Response>
  grpc::Status Take(const Peer& peer, Response* message) {
    if (message->has_node_status()) return TakeStatus(peer, std::move(*message->mutable_node_status()));
    if (message->has_summary()) summary = std::move(*message->mutable_summary());
    if constexpr (requires { message->has_rule_result(); }) {
      if (message->has_rule_result()) return TakeRuleResult(std::move(*message->mutable_rule_result()));
    }
    return grpc::Status::OK;
  }
  grpc::Status TakeStatus(const Peer& peer, v1::NodeStatus status);
  grpc::Status TakeRuleResult(v1::RuleResult result);
};

// Contract: Add for each peer once it is done, then NextMessage until there is none, then End. A peer that
//   failed is one node that should have answered, and a NodeStatus in place of its own parts; a node of the
//   fleet that has no peer is that too.
// Threading: none.
class AnswerParts {
 public:
  explicit AnswerParts(const Fleet& fleet);

  void Add(const Peer& peer, PeerParts parts, const grpc::Status& status);
  // Rows sent to the caller.
  void AddReturned(size_t rows) { summary_.set_rows_returned(summary_.rows_returned() + rows); }

  // Results of rules in the order in which they first came, states of nodes, the summary.
  template <typename Response>
  std::optional<Response> NextMessage() {
    if (!End().ok()) return std::nullopt;
    Response message;
    if constexpr (requires { message.mutable_rule_result(); }) {
      if (next_rule_ < rule_results_.size()) {
        *message.mutable_rule_result() = std::move(rule_results_[next_rule_++]);
        return message;
      }
    }
    if (next_status_ < statuses_.size()) {
      *message.mutable_node_status() = std::move(statuses_[next_status_++]);
      return message;
    }
    if (std::exchange(summary_sent_, true)) return std::nullopt;
    *message.mutable_summary() = summary_;
    return message;
  }

  // Not OK: nobody answered, and somebody said that the request is wrong.
  [[nodiscard]] grpc::Status End() const;
  [[nodiscard]] const std::vector<v1::NodeStatus>& statuses() const { return statuses_; }
  [[nodiscard]] const v1::Summary& summary() const { return summary_; }

 private:
  void AddRuleResult(v1::RuleResult result);

  std::vector<v1::NodeStatus> statuses_;
  std::vector<v1::RuleResult> rule_results_;
  std::map<std::string, size_t> rule_positions_;
  v1::Summary summary_;
  bool answered_ = false;
  std::optional<grpc::Status> wrong_request_;
  size_t next_rule_ = 0;
  size_t next_status_ = 0;
  bool summary_sent_ = false;
};

}  // namespace listenq::aggregator

#endif  // LISTENQ_AGGREGATOR_ANSWER_PARTS_H_
