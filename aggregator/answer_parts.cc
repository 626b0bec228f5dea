#include "aggregator/answer_parts.h"

namespace listenq::aggregator {
namespace {

grpc::Status TooMany(absl::string_view what) {
  return {grpc::StatusCode::OUT_OF_RANGE, "sent too many " + std::string(what)};
}

// rows_returned is left to who sends the rows.
void AddTo(const v1::Summary& summary, v1::Summary* total) {
  total->set_rows_matched(total->rows_matched() + summary.rows_matched());
  total->set_namespaces_examined(total->namespaces_examined() + summary.namespaces_examined());
  total->set_listeners_examined(total->listeners_examined() + summary.listeners_examined());
  total->set_nodes_expected(total->nodes_expected() + summary.nodes_expected());
  total->set_nodes_answered(total->nodes_answered() + summary.nodes_answered());
  total->set_truncated(total->truncated() || summary.truncated());
  total->set_unobservable_namespaces(total->unobservable_namespaces() + summary.unobservable_namespaces());
  total->set_fleet_size_unknown(total->fleet_size_unknown() || summary.fleet_size_unknown());
}

// Counts are sums. The later states are the worse ones: the worst one stays, with its message.
void AddTo(const v1::RuleResult& result, v1::RuleResult* total) {
  if (result.state() > total->state()) {
    total->set_state(result.state());
    total->set_message(result.message());
  }
  total->set_checked(total->checked() + result.checked());
  total->set_violations(total->violations() + result.violations());
  total->set_excused(total->excused() + result.excused());
  total->set_unreadable(total->unreadable() + result.unreadable());
  total->set_not_observable(total->not_observable() + result.not_observable());
}

}  // namespace

CallTimes TimesFor(std::chrono::system_clock::time_point callers_deadline, absl::Duration peer_timeout,
                   absl::Time now) {
  constexpr double kPart = 0.8;
  const bool has_deadline = callers_deadline != std::chrono::system_clock::time_point::max();
  const absl::Duration left = has_deadline ? absl::FromChrono(callers_deadline) - now : absl::Minutes(1);
  return {.deadline = now + left * kPart, .peer_timeout = peer_timeout};
}

grpc::Status PeerParts::TakeStatus(const Peer& peer, v1::NodeStatus status) {
  if (statuses.size() == kMaxStatuses) return TooMany("states of nodes");
  const std::string name = status.node_name();
  statuses.push_back(std::move(status));
  return CheckNodeName(peer, name);
}

grpc::Status PeerParts::TakeRuleResult(v1::RuleResult result) {
  if (rule_results.size() == kMaxRuleResults) return TooMany("results of rules");
  rule_results.push_back(std::move(result));
  return grpc::Status::OK;
}

AnswerParts::AnswerParts(const Fleet& fleet) {
  for (const AbsentNode& node : fleet.absent) statuses_.push_back(AbsentStatus(node));
  summary_.set_nodes_expected(static_cast<uint32_t>(fleet.absent.size()));
  summary_.set_fleet_size_unknown(fleet.size_unknown);
}

void AnswerParts::Add(const Peer& peer, PeerParts parts, const grpc::Status& status) {
  if (!status.ok()) {
    if (status.error_code() == grpc::StatusCode::INVALID_ARGUMENT) wrong_request_ = status;
    statuses_.push_back(FailedStatus(peer, status));
    summary_.set_nodes_expected(summary_.nodes_expected() + 1);
    return;
  }
  answered_ = true;
  if (parts.statuses.size() == 1) peer.NoteNode(parts.statuses.front().node_name());
  for (v1::NodeStatus& one : parts.statuses) statuses_.push_back(std::move(one));
  for (v1::RuleResult& result : parts.rule_results) AddRuleResult(std::move(result));
  if (parts.summary.has_value()) AddTo(*parts.summary, &summary_);
}

void AnswerParts::AddRuleResult(v1::RuleResult result) {
  const auto [position, is_new] = rule_positions_.try_emplace(result.rule_id(), rule_results_.size());
  if (!is_new) return AddTo(result, &rule_results_[position->second]);
  rule_results_.push_back(std::move(result));
}

grpc::Status AnswerParts::End() const {
  return answered_ || !wrong_request_.has_value() ? grpc::Status::OK : *wrong_request_;
}

}  // namespace listenq::aggregator
