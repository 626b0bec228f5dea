// A policy over sysctls that a request carries, evaluated where the values are.
#ifndef LISTENQ_AGENT_SERVE_POLICY_H_
#define LISTENQ_AGENT_SERVE_POLICY_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "agent/model/finding.h"
#include "agent/model/snapshot.h"
#include "agent/serve/filter.h"
#include "listenq/v1/observer.pb.h"

namespace listenq::serve {

inline constexpr int kMaxPolicyRules = 200;

// InvalidArgument: more rules than that, one without an id, or two with the same. All else that is wrong with
// a rule is said in its own result, and costs only that rule.
absl::Status CheckPolicy(const google::protobuf::RepeatedPtrField<v1::PolicyRule>& policy);

struct PolicyOutcome {
  // Violations that nobody excuses, by rule and namespace. They point into the snapshot.
  std::vector<model::Finding> findings;
  // One per rule, in the policy's order.
  std::vector<v1::RuleResult> results;
};

// Evaluates each rule for the live namespaces that both `scope` (the request's filter) and the rule's own
// selectors take. A workload or image pattern takes a namespace if one of its owners matches. Exceptions
// whose expire_time is not after `now` excuse nobody. A sysctl or comparison that this server does not know
// is UNKNOWN_TO_SERVER.
PolicyOutcome EvaluatePolicy(const model::Snapshot& snapshot, const Filter& scope,
                             const google::protobuf::RepeatedPtrField<v1::PolicyRule>& policy,
                             absl::Time now);

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_POLICY_H_
