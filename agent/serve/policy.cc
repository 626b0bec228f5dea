#include "agent/serve/policy.h"

#include <re2/re2.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/analyze/rules/advice.h"
#include "agent/analyze/rules/values.h"
#include "agent/model/sysctl.h"
#include "agent/serve/ownership.h"
#include "agent/serve/quoted.h"
#include "agent/serve/to_proto.h"
#include "agent/sys/status.h"

namespace listenq::serve {
namespace {

using Pattern = std::unique_ptr<RE2>;  // null takes everything

absl::StatusOr<Pattern> CompilePattern(absl::string_view field, const std::string& text) {
  if (text.empty()) return Pattern();
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  auto pattern = std::make_unique<RE2>(text, options);
  if (!pattern->ok()) {
    return absl::InvalidArgumentError(absl::StrCat(field, " ", Quoted(text), ": ", pattern->error()));
  }
  return pattern;
}

bool Takes(const Pattern& pattern, const model::Namespace& ns, std::string model::Owner::*field) {
  if (pattern == nullptr) return true;
  const OwnerRefs owners = NamespaceOwners(ns.owners.get());
  return std::any_of(owners.begin(), owners.end(),
                     [&](const model::Owner* owner) { return RE2::PartialMatch(owner->*field, *pattern); });
}

std::optional<int64_t> Number(absl::string_view text) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(text, &number)) return std::nullopt;
  return number;
}

// Ports in "32768 60999".
std::optional<int64_t> RangeWidth(absl::string_view text) {
  const std::optional<model::PortRange> range = model::ParsePortRange(text);
  if (!range.has_value() || range->last < range->first) return std::nullopt;
  return int64_t{range->last} - range->first + 1;
}

struct Exception {
  Filter filter;
  Pattern workload;
};

// A rule as it is evaluated.
struct Rule {
  const v1::PolicyRule* proto = nullptr;
  size_t sysctl = 0;
  Filter filter;
  Pattern workload;
  Pattern image;
  std::vector<Exception> exceptions;
  // Of MIN, MAX and RANGE_WIDTH_MIN.
  int64_t bound = 0;
};

absl::Status CheckOperands(const v1::PolicyRule& proto, Rule* rule) {
  const int count = proto.operands_size();
  switch (proto.comparison()) {
    case v1::COMPARISON_MIN:
    case v1::COMPARISON_MAX:
    case v1::COMPARISON_RANGE_WIDTH_MIN: {
      const std::optional<int64_t> bound = count == 1 ? Number(proto.operands(0)) : std::nullopt;
      if (!bound.has_value()) return absl::InvalidArgumentError("operands: needs one number");
      rule->bound = *bound;
      return absl::OkStatus();
    }
    case v1::COMPARISON_EQUALS:
      return count == 1 ? absl::OkStatus() : absl::InvalidArgumentError("operands: needs one value");
    case v1::COMPARISON_ONE_OF:
      return count > 0 ? absl::OkStatus() : absl::InvalidArgumentError("operands: needs a value");
    case v1::COMPARISON_MATCHES_HOST:
    case v1::COMPARISON_EQUALS_DECLARED:
      return count == 0 ? absl::OkStatus() : absl::InvalidArgumentError("operands: takes none");
    default:
      return absl::UnimplementedError(
          absl::StrCat("comparison ", static_cast<int>(proto.comparison()), " is not known to this server"));
  }
}

absl::StatusOr<Exception> CompileException(const v1::PolicyException& proto, absl::Time now) {
  Exception exception;
  ASSIGN_OR_RETURN(exception.filter, Filter::Compile(proto.filter(), now));
  ASSIGN_OR_RETURN(exception.workload, CompilePattern("workload_pattern", proto.workload_pattern()));
  return exception;
}

// Unimplemented: this server does not know what the rule asks for. InvalidArgument: it is wrong.
absl::StatusOr<Rule> CompileRule(const v1::PolicyRule& proto, absl::Time now) {
  Rule rule;
  rule.proto = &proto;
  const std::optional<size_t> sysctl = model::FindSysctl(proto.sysctl());
  if (!sysctl.has_value()) {
    return absl::UnimplementedError(
        absl::StrCat("sysctl ", Quoted(proto.sysctl()), " is not read by this server"));
  }
  rule.sysctl = *sysctl;
  RETURN_IF_ERROR(CheckOperands(proto, &rule));
  ASSIGN_OR_RETURN(rule.filter, Filter::Compile(proto.filter(), now));
  ASSIGN_OR_RETURN(rule.workload, CompilePattern("workload_pattern", proto.workload_pattern()));
  ASSIGN_OR_RETURN(rule.image, CompilePattern("image_pattern", proto.image_pattern()));
  for (const v1::PolicyException& exception : proto.exceptions()) {
    if (exception.has_expire_time() && FromProto(exception.expire_time()) <= now) continue;
    ASSIGN_OR_RETURN(Exception compiled, CompileException(exception, now));
    rule.exceptions.push_back(std::move(compiled));
  }
  return rule;
}

// What the value is compared with: null where that is not known.
struct Expected {
  const std::string* value = nullptr;
  std::string missing_reason;
};

Expected ExpectedOf(const Rule& rule, const model::Namespace& ns, const model::Namespace* host) {
  if (rule.proto->comparison() == v1::COMPARISON_MATCHES_HOST) {
    const std::string* value = host == nullptr ? nullptr : ValueOf(host->sysctls.get(), rule.sysctl);
    return {.value = value, .missing_reason = "the node's own value is not known"};
  }
  if (ns.declared_sysctls == nullptr) return {.missing_reason = "what the pod declares is not known"};
  const auto declared = ns.declared_sysctls->find(rule.proto->sysctl());
  return {.value = declared == ns.declared_sysctls->end() ? nullptr : &declared->second};
}

// Absent: the value is no number, no range, or there is nothing to compare it with.
std::optional<bool> Holds(const Rule& rule, const std::string& value, const std::string* expected) {
  const auto equals = [&](const std::string& operand) {
    return analyze::FoldSpaces(value) == analyze::FoldSpaces(operand);
  };
  const auto& operands = rule.proto->operands();
  switch (rule.proto->comparison()) {
    case v1::COMPARISON_MIN:
      if (const auto number = Number(value)) return *number >= rule.bound;
      return std::nullopt;
    case v1::COMPARISON_MAX:
      if (const auto number = Number(value)) return *number <= rule.bound;
      return std::nullopt;
    case v1::COMPARISON_RANGE_WIDTH_MIN:
      if (const auto width = RangeWidth(value)) return *width >= rule.bound;
      return std::nullopt;
    case v1::COMPARISON_EQUALS:
    case v1::COMPARISON_ONE_OF:
      return std::any_of(operands.begin(), operands.end(), equals);
    default:
      if (expected == nullptr) return std::nullopt;
      return equals(*expected);
  }
}

std::string Requirement(const Rule& rule, const std::string* expected) {
  const auto& operands = rule.proto->operands();
  switch (rule.proto->comparison()) {
    case v1::COMPARISON_MIN:
      return absl::StrCat("at least ", operands[0]);
    case v1::COMPARISON_MAX:
      return absl::StrCat("at most ", operands[0]);
    case v1::COMPARISON_RANGE_WIDTH_MIN:
      return absl::StrCat("a range of at least ", operands[0], " ports");
    case v1::COMPARISON_EQUALS:
      return operands[0];
    case v1::COMPARISON_ONE_OF:
      return absl::StrCat("one of ", absl::StrJoin(operands, ", "));
    case v1::COMPARISON_MATCHES_HOST:
      return absl::StrCat("the node's own, ", *expected);
    default:
      return absl::StrCat("what the pod declares, ", *expected);
  }
}

// The value that would satisfy the rule; "" where there is none to name.
std::string Wanted(const Rule& rule, const std::string* expected) {
  switch (rule.proto->comparison()) {
    case v1::COMPARISON_RANGE_WIDTH_MIN:
      return "";
    case v1::COMPARISON_MATCHES_HOST:
    case v1::COMPARISON_EQUALS_DECLARED:
      return *expected;
    default:
      return rule.proto->operands(0);
  }
}

model::Severity SeverityOf(v1::Severity severity) {
  if (severity == v1::SEVERITY_CRITICAL) return model::Severity::kCritical;
  return severity == v1::SEVERITY_INFO ? model::Severity::kInfo : model::Severity::kWarning;
}

model::Finding Violation(const Rule& rule, const model::Namespace& ns, const std::string& value,
                         const std::string* expected) {
  const std::string& name = rule.proto->sysctl();
  model::Finding finding;
  finding.rule_id = rule.proto->id();
  finding.severity = SeverityOf(rule.proto->severity());
  finding.ns = &ns;
  finding.since = ns.id->first_seen;
  finding.evidence.push_back({.name = name, .value = value});
  finding.explanation = absl::StrCat(name, " is ", value, " and must be ", Requirement(rule, expected), ".");
  if (!rule.proto->reason().empty()) absl::StrAppend(&finding.explanation, " ", rule.proto->reason());
  const std::string wanted = Wanted(rule, expected);
  if (!wanted.empty()) finding.fix = analyze::SysctlAdvice(ns, name, wanted);
  return finding;
}

bool IsExcused(const Rule& rule, const model::Namespace& ns) {
  return std::any_of(rule.exceptions.begin(), rule.exceptions.end(), [&](const Exception& exception) {
    return exception.filter.Matches(ns) && Takes(exception.workload, ns, &model::Owner::workload);
  });
}

void Judge(const Rule& rule, const model::Namespace& ns, const model::Namespace* host, v1::RuleResult* result,
           std::vector<model::Finding>* findings) {
  if (!ns.not_observable_reason.empty()) return result->set_not_observable(result->not_observable() + 1);
  const model::SysctlValue value = SysctlOf(ns, rule.sysctl);
  // What is not there has no value to be wrong.
  if (value.missing) return;
  if (!value.value.has_value()) return result->set_unreadable(result->unreadable() + 1);
  const bool against_other = rule.proto->comparison() == v1::COMPARISON_MATCHES_HOST ||
                             rule.proto->comparison() == v1::COMPARISON_EQUALS_DECLARED;
  const Expected expected = against_other ? ExpectedOf(rule, ns, host) : Expected();
  // A pod that declares nothing for this sysctl is not asked to have anything.
  if (against_other && expected.value == nullptr && expected.missing_reason.empty()) return;
  const std::optional<bool> holds = Holds(rule, *value.value, expected.value);
  if (!holds.has_value()) return result->set_unreadable(result->unreadable() + 1);
  result->set_checked(result->checked() + 1);
  if (*holds) return;
  if (IsExcused(rule, ns)) return result->set_excused(result->excused() + 1);
  result->set_violations(result->violations() + 1);
  findings->push_back(Violation(rule, ns, *value.value, expected.value));
}

}  // namespace

absl::Status CheckPolicy(const google::protobuf::RepeatedPtrField<v1::PolicyRule>& policy) {
  if (policy.size() > kMaxPolicyRules) {
    return absl::InvalidArgumentError(absl::StrCat("read policy: ", policy.size(),
                                                   " rules are more than the ", kMaxPolicyRules, " allowed"));
  }
  absl::flat_hash_set<std::string> ids;
  for (const v1::PolicyRule& rule : policy) {
    if (rule.id().empty()) return absl::InvalidArgumentError("read policy: a rule has no id");
    if (!ids.insert(rule.id()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("read policy: two rules have the id ", Quoted(rule.id())));
    }
  }
  return absl::OkStatus();
}

PolicyOutcome EvaluatePolicy(const model::Snapshot& snapshot, const Filter& scope,
                             const google::protobuf::RepeatedPtrField<v1::PolicyRule>& policy,
                             absl::Time now) {
  const model::Namespace* host = model::HostNamespace(snapshot);
  PolicyOutcome outcome;
  for (const v1::PolicyRule& proto : policy) {
    v1::RuleResult& result = outcome.results.emplace_back();
    result.set_rule_id(proto.id());
    const absl::StatusOr<Rule> rule = CompileRule(proto, now);
    if (!rule.ok()) {
      result.set_state(absl::IsUnimplemented(rule.status()) ? v1::RULE_STATE_UNKNOWN_TO_SERVER
                                                            : v1::RULE_STATE_ERROR);
      result.set_message(std::string(rule.status().message()));
      continue;
    }
    result.set_state(v1::RULE_STATE_EVALUATED);
    for (const auto& ns : snapshot.namespaces) {
      if (!scope.Matches(*ns) || !rule->filter.Matches(*ns)) continue;
      if (!Takes(rule->workload, *ns, &model::Owner::workload)) continue;
      if (!Takes(rule->image, *ns, &model::Owner::image)) continue;
      Judge(*rule, *ns, host, &result, &outcome.findings);
    }
  }
  return outcome;
}

}  // namespace listenq::serve
