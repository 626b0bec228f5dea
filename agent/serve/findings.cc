#include "agent/serve/findings.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/analyze/findings.h"
#include "agent/model/finding.h"
#include "agent/serve/node_status.h"
#include "agent/serve/ownership.h"
#include "agent/serve/policy.h"
#include "agent/serve/quoted.h"
#include "agent/serve/rows.h"
#include "agent/serve/to_proto.h"
#include "agent/serve/utf8.h"
#include "agent/sys/status.h"

namespace listenq::serve {
namespace {

using Rules = std::vector<const analyze::Rule*>;

absl::StatusOr<Rules> SelectRules(const v1::ListFindingsRequest& request) {
  const auto all = analyze::BuiltInRules();
  if (request.rule_ids().empty()) {
    return request.policy().empty() || request.built_in() ? Rules(all.begin(), all.end()) : Rules();
  }
  Rules rules;
  for (const std::string& id : request.rule_ids()) {
    const auto* const found =
        std::find_if(all.begin(), all.end(), [&](const auto* rule) { return rule->id == id; });
    if (found == all.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("read rule_ids: ", Quoted(id), " is no rule; there are ",
                       absl::StrJoin(all, ", ", [](std::string* out, const analyze::Rule* rule) {
                         absl::StrAppend(out, rule->id);
                       })));
    }
    rules.push_back(*found);
  }
  return rules;
}

v1::Severity ToProto(model::Severity severity) {
  switch (severity) {
    case model::Severity::kInfo:
      return v1::SEVERITY_INFO;
    case model::Severity::kWarning:
      return v1::SEVERITY_WARNING;
    case model::Severity::kCritical:
      return v1::SEVERITY_CRITICAL;
  }
  return v1::SEVERITY_UNSPECIFIED;
}

void ToProto(const model::Evidence& evidence, v1::Evidence* proto) {
  proto->set_name(evidence.name);
  proto->set_value(ValidUtf8(evidence.value));
  if (evidence.window > absl::ZeroDuration()) serve::ToProto(evidence.window, proto->mutable_window());
}

OwnerRefs OwnersOfFinding(const model::Finding& finding) {
  if (finding.listener == nullptr) return NamespaceOwners(finding.ns->owners.get());
  return OwnersOf(finding.listener->processes.get(), finding.ns->owners.get());
}

void ToProto(const RowContext& context, const model::Finding& finding, v1::Finding* proto) {
  proto->set_rule_id(finding.rule_id);
  proto->set_severity(ToProto(finding.severity));
  serve::ToProto(context, *finding.ns->id, proto->mutable_netns());
  for (const model::Owner* owner : OwnersOfFinding(finding)) serve::ToProto(*owner, proto->add_owners());
  if (finding.listener != nullptr) {
    serve::ToProto(context, *finding.ns, *finding.listener, proto->mutable_listener());
  }
  if (finding.since > absl::InfinitePast()) serve::ToProto(finding.since, proto->mutable_since_time());
  for (const model::Evidence& evidence : finding.evidence) ToProto(evidence, proto->add_evidence());
  proto->set_explanation(ValidUtf8(finding.explanation));
  proto->set_fix(ValidUtf8(finding.fix));
  proto->set_price(ValidUtf8(finding.price));
  proto->set_no_help(ValidUtf8(finding.no_help));
}

bool Takes(const Filter& filter, const model::Finding& finding) {
  return finding.listener != nullptr ? filter.Matches(*finding.ns, *finding.listener)
                                     : filter.Matches(*finding.ns);
}

// What of a namespace is looked at counts once, whatever is found there.
Examined Examine(const model::Snapshot& snapshot, const Filter& filter) {
  Examined examined;
  for (const auto& ns : snapshot.namespaces) {
    ++examined.namespaces;
    examined.listeners += ns->listeners.size();
    if (!ns->not_observable_reason.empty() && filter.MayMatchSockets(*ns)) ++examined.unobservable;
  }
  return examined;
}

}  // namespace

absl::StatusOr<BatchedAnswer<v1::ListFindingsResponse>> AnswerFindings(
    const Basis& basis, const Filter& filter, const v1::ListFindingsRequest& request,
    const std::vector<model::DropEpisode>& episodes) {
  RETURN_IF_ERROR(CheckPolicy(request.policy()));
  ASSIGN_OR_RETURN(const Rules rules, SelectRules(request));
  std::vector<model::Finding> findings = analyze::FindAll(
      *basis.snapshot, rules, episodes,
      [&](const model::Namespace& ns) { return filter.MayMatchSockets(ns); }, basis.now);
  std::erase_if(findings, [&](const model::Finding& finding) { return !Takes(filter, finding); });
  const absl::Time policy_time = request.has_now_time() ? FromProto(request.now_time()) : basis.now;
  PolicyOutcome outcome = EvaluatePolicy(*basis.snapshot, filter, request.policy(), policy_time);
  std::move(outcome.findings.begin(), outcome.findings.end(), std::back_inserter(findings));
  std::erase_if(findings, [&](const model::Finding& finding) {
    return ToProto(finding.severity) < request.min_severity();
  });
  std::stable_sort(findings.begin(), findings.end(),
                   [](const auto& a, const auto& b) { return a.severity > b.severity; });
  Examined examined = Examine(*basis.snapshot, filter);
  examined.matched = findings.size();
  if (request.limit() != 0 && findings.size() > request.limit()) findings.resize(request.limit());

  BatchedAnswer<v1::ListFindingsResponse> answer;
  answer.row_count = findings.size();
  for (v1::RuleResult& result : outcome.results) {
    *answer.extras.emplace_back().mutable_rule_result() = std::move(result);
  }
  answer.status = StatusOf(*basis.snapshot, basis.now);
  answer.summary = SummaryOf(examined, findings.size());
  answer.add_row = [snapshot = basis.snapshot, context = basis.row_context(), rows = std::move(findings)](
                       size_t i, v1::ListFindingsResponse* message) {
    v1::Finding* row = message->mutable_batch()->add_findings();
    ToProto(context, rows[i], row);
    row->set_node_name(snapshot->node.name);
    return row->ByteSizeLong();
  };
  return answer;
}

}  // namespace listenq::serve
