#include "client/audit.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/command_line.h"
#include "client/encode.h"
#include "client/print.h"
#include "client/text.h"
#include "client/words.h"

namespace listenq::client {
namespace {

// Rules that one line names.
constexpr size_t kMaxNamed = 3;

using RuleIndex = std::map<std::string, size_t>;

RuleIndex IndexOf(const Policy& policy) {
  RuleIndex index;
  for (int i = 0; i < policy.rules.size(); ++i) index[policy.rules[i].id()] = static_cast<size_t>(i);
  return index;
}

// The worst state has the largest number.
void Add(const v1::RuleResult& result, RuleOutcome& outcome) {
  v1::RuleResult& sum = outcome.result;
  if (result.state() > sum.state()) {
    sum.set_state(result.state());
    sum.set_message(result.message());
  }
  sum.set_checked(sum.checked() + result.checked());
  sum.set_violations(sum.violations() + result.violations());
  sum.set_excused(sum.excused() + result.excused());
  sum.set_unreadable(sum.unreadable() + result.unreadable());
  sum.set_not_observable(sum.not_observable() + result.not_observable());
  if (result.state() == v1::RULE_STATE_EVALUATED) ++outcome.evaluated_servers;
  if (result.state() == v1::RULE_STATE_UNKNOWN_TO_SERVER) ++outcome.unknown_servers;
  if (result.state() == v1::RULE_STATE_ERROR) ++outcome.failed_servers;
}

std::vector<RuleOutcome> Outcomes(const Policy& policy, const std::vector<v1::RuleResult>& results) {
  const RuleIndex index = IndexOf(policy);
  std::vector<RuleOutcome> outcomes(static_cast<size_t>(policy.rules.size()));
  for (const auto& [id, i] : index) outcomes[i].result.set_rule_id(id);
  for (const v1::RuleResult& result : results) {
    const auto found = index.find(result.rule_id());
    if (found != index.end()) Add(result, outcomes[found->second]);
  }
  for (RuleOutcome& outcome : outcomes) {
    if (outcome.result.state() != v1::RULE_STATE_UNSPECIFIED) continue;
    outcome.result.set_state(v1::RULE_STATE_UNKNOWN_TO_SERVER);
    outcome.result.set_message("the server says nothing of it: is it older than this client?");
    outcome.unknown_servers = 1;
  }
  return outcomes;
}

// A server that knows no policies answers with its own rules' findings.
void TakeViolations(AuditReport& report) {
  const RuleIndex index = IndexOf(report.policy);
  std::erase_if(report.answer.items, [&](const auto& item) { return !index.contains(item.row.rule_id()); });
  for (size_t i = 0; i < report.answer.items.size(); ++i) {
    report.rules[index.at(report.answer.items[i].row.rule_id())].violations.push_back(i);
  }
}

bool HasEnough(uint32_t answered, uint32_t expected, const NodeFloor& floor) {
  if (!floor.is_percent) return answered >= floor.value;
  return uint64_t{answered} * 100 >= uint64_t{expected} * floor.value;
}

// "" where enough nodes answered.
std::string MissingNodes(const AuditReport& report, const AuditOptions& options) {
  const v1::Summary& summary = report.answer.summary;
  const bool all = ExitCodeOf(report.answer.node_statuses, summary) == kExitOk;
  const uint32_t expected = summary.nodes_expected();
  const uint32_t answered = summary.nodes_answered();
  const std::string counts =
      absl::StrCat(FormatCount(answered), " of ", FormatCount(expected), " nodes answered");
  if (!options.min_nodes) return all ? "" : counts;
  if (options.min_nodes->is_percent && options.min_nodes->value > 0 && summary.fleet_size_unknown()) {
    return absl::StrCat(counts, ", --min-nodes ", options.min_nodes->value,
                        "% of a fleet whose size is not known: give a number of nodes");
  }
  if (HasEnough(answered, expected, *options.min_nodes)) return "";
  return absl::StrCat(counts, ", --min-nodes ", options.min_nodes->value,
                      options.min_nodes->is_percent ? "%" : "");
}

template <typename Field>
uint64_t Most(const AuditReport& report, Field field) {
  uint64_t most = 0;
  for (const RuleOutcome& outcome : report.rules) most = std::max<uint64_t>(most, (outcome.result.*field)());
  return most;
}

std::string UnevaluatedRules(const AuditReport& report, v1::RuleState state, const char* what) {
  std::vector<std::string> ids;
  for (const RuleOutcome& outcome : report.rules) {
    const bool is_such =
        state == v1::RULE_STATE_ERROR ? outcome.failed_servers > 0 : outcome.unknown_servers > 0;
    if (is_such) ids.push_back(outcome.result.rule_id());
  }
  if (ids.empty()) return "";
  if (ids.size() > kMaxNamed) return absl::StrCat(ids.size(), " rules are ", what);
  return absl::StrCat(absl::StrJoin(ids, ", "), ids.size() == 1 ? " is " : " are ", what);
}

// Rules were evaluated, and none of them is about anybody who is there.
bool SeesNothing(const AuditReport& report) {
  const bool evaluated =
      std::any_of(report.rules.begin(), report.rules.end(),
                  [](const RuleOutcome& outcome) { return outcome.evaluated_servers > 0; });
  return evaluated && Most(report, &v1::RuleResult::checked) == 0 &&
         Most(report, &v1::RuleResult::unreadable) == 0 && Most(report, &v1::RuleResult::not_observable) == 0;
}

std::string NothingCheckedNote(const v1::Summary& summary) {
  return absl::StrCat("No namespace was checked: ",
                      Counted(summary.namespaces_examined(), "namespace", "namespaces"), " looked at\n");
}

std::vector<std::string> Gaps(const AuditReport& report, const AuditOptions& options) {
  std::vector<std::string> gaps = {
      MissingNodes(report, options),
      UnevaluatedRules(report, v1::RULE_STATE_UNKNOWN_TO_SERVER, "unknown to a server"),
      UnevaluatedRules(report, v1::RULE_STATE_ERROR, "in error"),
  };
  if (const uint64_t count = Most(report, &v1::RuleResult::unreadable); count > 0) {
    gaps.push_back(absl::StrCat(Counted(count, "namespace", "namespaces"), " could not be read"));
  }
  if (report.answer.summary.truncated()) gaps.emplace_back("a bound of the server cut the answer");
  if (options.strict) {
    if (const uint64_t count = Most(report, &v1::RuleResult::not_observable); count > 0) {
      gaps.push_back(
          absl::StrCat(Counted(count, "namespace is", "namespaces are"), " not observable (--strict)"));
    }
    if (SeesNothing(report)) gaps.emplace_back("no namespace was checked (--strict)");
  }
  std::erase(gaps, "");
  return gaps;
}

int ExitCodeFor(const AuditReport& report) {
  const bool violated = std::any_of(report.rules.begin(), report.rules.end(), [](const RuleOutcome& outcome) {
    return outcome.result.violations() > 0 || !outcome.violations.empty();
  });
  if (violated) return kExitFindings;
  if (ExitCodeOf(report.answer.node_statuses, report.answer.summary) == kExitError) return kExitError;
  return report.gaps.empty() ? kExitOk : kExitPartial;
}

}  // namespace

AuditReport MakeAuditReport(Policy policy, Answer<v1::Finding> answer,
                            const std::vector<v1::RuleResult>& results, const AuditOptions& options) {
  AuditReport report;
  report.policy = std::move(policy);
  report.answer = std::move(answer);
  report.rules = Outcomes(report.policy, results);
  TakeViolations(report);
  report.gaps = Gaps(report, options);
  report.exit_code = ExitCodeFor(report);
  return report;
}

std::string Requirement(const v1::PolicyRule& rule) {
  const std::string operand = rule.operands().empty() ? "" : rule.operands(0);
  switch (rule.comparison()) {
    case v1::COMPARISON_MIN:
      return absl::StrCat("must be ≥ ", operand);
    case v1::COMPARISON_MAX:
      return absl::StrCat("must be ≤ ", operand);
    case v1::COMPARISON_EQUALS:
      return absl::StrCat("must be ", operand);
    case v1::COMPARISON_ONE_OF:
      return absl::StrCat("must be ", absl::StrJoin(rule.operands(), " or "));
    case v1::COMPARISON_MATCHES_HOST:
      return "must be the node's own";
    case v1::COMPARISON_EQUALS_DECLARED:
      return "must be as declared";
    case v1::COMPARISON_RANGE_WIDTH_MIN:
      return absl::StrCat("must span ≥ ", operand);
    default:
      return "";
  }
}

// The host's namespace is nobody's.
std::string AuditSubject(const v1::Finding& violation) {
  const Owners& owners = violation.owners();
  const bool has_name = PodOf(owners) != kNone || ContainerOf(owners) != kNone;
  if (has_name && !violation.netns().host()) return OwnerName(owners);
  return absl::StrCat("netns ", NetnsName(violation.netns()));
}

std::string AuditToJson(const AuditReport& report) {
  std::vector<std::string> results;
  results.reserve(report.rules.size());
  for (const RuleOutcome& outcome : report.rules) results.push_back(ToJson(outcome.result));
  return absl::StrCat("{\"ruleResults\":[\n  ", absl::StrJoin(results, ",\n  "), "\n],\n",
                      AnswerToJson(report.answer).substr(1));
}

absl::StatusOr<std::string> PrintAudit(const AuditReport& report, const Options& options,
                                       const ViewContext& context, const TableStyle& style) {
  switch (options.output) {
    case OutputFormat::kTable:
    case OutputFormat::kWide:
      return AuditText(report, context, style);
    case OutputFormat::kJson:
      return AuditToJson(report);
    case OutputFormat::kYaml:
      return JsonToYaml(AuditToJson(report));
    case OutputFormat::kSarif:
      return AuditToSarif(report);
    case OutputFormat::kJunit:
      return AuditToJunit(report);
    default:
      return Print(report.answer, options, [] { return std::string(); });
  }
}

std::string AuditNote(const AuditReport& report) {
  const std::string note = SeesNothing(report) ? NothingCheckedNote(report.answer.summary) : "";
  if (report.gaps.empty()) return note;
  const std::string gaps = EscapeForTerminal(absl::StrJoin(report.gaps, "; "));
  return absl::StrCat(note, "The audit is incomplete: ", gaps, "\n");
}

}  // namespace listenq::client
