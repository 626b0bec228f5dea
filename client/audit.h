// What a policy's evaluation on all nodes comes to: violations, what was not evaluated, the exit code. Pure.
#ifndef LISTENQ_CLIENT_AUDIT_H_
#define LISTENQ_CLIENT_AUDIT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/options.h"
#include "client/policy_file.h"
#include "client/query.h"
#include "client/table.h"
#include "client/views.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::client {

struct RuleOutcome {
  // The sum over the servers; the worst of their states with the first message of that state.
  v1::RuleResult result;
  // Servers that did not evaluate it, because they do not know it or take it for wrong.
  uint32_t unknown_servers = 0;
  uint32_t failed_servers = 0;
  uint32_t evaluated_servers = 0;
  // Positions in AuditReport::answer.items.
  std::vector<size_t> violations;
};

struct AuditReport {
  Policy policy;
  // Violations of the policy's rules, and nothing else.
  Answer<v1::Finding> answer;
  // As many as policy.rules, in the same order.
  std::vector<RuleOutcome> rules;
  // Why the audit is incomplete, each a few words; empty when it is complete.
  std::vector<std::string> gaps;
  // kExitFindings with a violation, else kExitError when nobody answered, else kExitPartial with a gap.
  int exit_code = 0;
};

// `results` as they came: one for each rule and server. A rule without any is unknown to the server.
AuditReport MakeAuditReport(Policy policy, Answer<v1::Finding> answer,
                            const std::vector<v1::RuleResult>& results, const AuditOptions& options);

// "must be ≥ 1024".
std::string Requirement(const v1::PolicyRule& rule);

// Who breaks a rule, in a few words: "shop/api-7f9c5d-x2x4k", "netns blue". Raw.
std::string AuditSubject(const v1::Finding& violation);

// A block for each rule that is broken, the worst first, with the workloads that break it; a line for each
// other rule. Escaped.
std::string AuditText(const AuditReport& report, const ViewContext& context, const TableStyle& style);

// {"ruleResults":[…],"items":[…],"nodeStatuses":[…],"summary":{…}}, a line per row.
std::string AuditToJson(const AuditReport& report);

// SARIF 2.1.0: a reporting descriptor for each rule, a result for each violation with the subject as its
// logical location and the rule's line of the policy as its physical one; what is incomplete is a
// notification.
std::string AuditToSarif(const AuditReport& report);

// JUnit's XML: a suite for each rule with a case for each violation, or one that passes; what could not be
// evaluated is an error, what nobody can see into is skipped.
std::string AuditToJunit(const AuditReport& report);

// In the format that was asked for; in csv the violations alone.
absl::StatusOr<std::string> PrintAudit(const AuditReport& report, const Options& options,
                                       const ViewContext& context, const TableStyle& style);

// "The audit is incomplete: 212 of 213 nodes answered; …", and a line when nothing was checked; "" otherwise.
// Escaped.
std::string AuditNote(const AuditReport& report);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_AUDIT_H_
