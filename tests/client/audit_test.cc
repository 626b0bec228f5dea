#include "client/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "client/command_line.h"
#include "client/text.h"
#include "tests/client/rows.h"

namespace listenq::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Json = nlohmann::json;

const ViewContext kContext = {.now = absl::FromUnixSeconds(1'800'000'000), .zone = absl::UTCTimeZone()};

constexpr char kPolicy[] = R"(rules:
- {id: somaxconn-min, severity: critical, reason: Short queues drop., sysctl: net.core.somaxconn, min: 1024}
- {id: port-range, severity: info, sysctl: net.ipv4.ip_local_port_range, range-width-min: 20000}
- {id: syncookies, sysctl: net.ipv4.tcp_syncookies, one-of: [1, 2]}
)";

// Violations of somaxconn-min: two pods of a Deployment with one value, another with another one, the host.
constexpr const char* kViolations[] = {
    R"(rule_id: 'somaxconn-min' severity: SEVERITY_CRITICAL netns { inode: 11 }
       owners { namespace: 'shop' pod: 'api-1' workload: 'Deployment api' }
       owners { namespace: 'shop' pod: 'api-1' container: 'api' workload: 'Deployment api' }
       evidence { name: 'net.core.somaxconn' value: '128' } fix: 'set it'
       explanation: 'net.core.somaxconn is 128 and must be at least 1024. Short queues drop.')",
    R"(rule_id: 'somaxconn-min' severity: SEVERITY_CRITICAL netns { inode: 12 }
       owners { namespace: 'shop' pod: 'api-2' workload: 'Deployment api' }
       evidence { name: 'net.core.somaxconn' value: '128' })",
    R"(rule_id: 'somaxconn-min' severity: SEVERITY_CRITICAL netns { inode: 13 }
       owners { namespace: 'mq' pod: 'emqx-0' } evidence { name: 'net.core.somaxconn' value: '512' })",
    R"(rule_id: 'somaxconn-min' severity: SEVERITY_CRITICAL netns { inode: 1 host: true }
       owners { namespace: 'kube-system' pod: 'kube-proxy' }
       evidence { name: 'net.core.somaxconn' value: '128' })"};

Policy PolicyOf(const std::string& text = kPolicy) {
  Policy policy;
  const absl::Status status = AddPolicy("ci/p q.yaml", text, policy);
  EXPECT_TRUE(status.ok()) << status;
  return policy;
}

v1::RuleResult Result(const std::string& id, const std::string& rest) {
  return Proto<v1::RuleResult>(absl::StrCat("rule_id: '", id, "' state: RULE_STATE_EVALUATED ", rest));
}

std::vector<v1::RuleResult> AllHold() {
  return {Result("somaxconn-min", "checked: 3"), Result("port-range", "checked: 3"),
          Result("syncookies", "checked: 3")};
}

Answer<v1::Finding> AnswerOf(const std::vector<std::string>& violations, const std::string& summary) {
  Answer<v1::Finding> answer;
  for (const std::string& text : violations) answer.items.push_back({"node-3", Proto<v1::Finding>(text)});
  answer.summary = Proto<v1::Summary>(summary);
  return answer;
}

constexpr char kOneNode[] = "nodes_expected: 1 nodes_answered: 1";

AuditReport Report(const std::vector<v1::RuleResult>& results, const AuditOptions& options = {},
                   const std::string& summary = kOneNode) {
  return MakeAuditReport(PolicyOf(), AnswerOf({}, summary), results, options);
}

AuditReport BrokenReport() {
  std::vector<v1::RuleResult> results = AllHold();
  results[0] = Result("somaxconn-min", "checked: 1204 violations: 4 excused: 2 unreadable: 1");
  return MakeAuditReport(PolicyOf(), AnswerOf({std::begin(kViolations), std::end(kViolations)}, kOneNode),
                         results, {});
}

TEST(AuditReport, AddsUpWhatTheNodesSay) {
  std::vector<v1::RuleResult> results = AllHold();
  results.push_back(Result("somaxconn-min", "checked: 4 violations: 2 excused: 1 not_observable: 5"));
  results.push_back(
      Proto<v1::RuleResult>("rule_id: 'syncookies' state: RULE_STATE_UNKNOWN_TO_SERVER message: 'no such'"));
  results.push_back(Result("nobody-asked", "violations: 9"));
  const AuditReport report = Report(results);
  ASSERT_EQ(report.rules.size(), 3U);
  EXPECT_EQ(report.rules[0].result.ShortDebugString(),
            "rule_id: \"somaxconn-min\" state: RULE_STATE_EVALUATED checked: 7 violations: 2 excused: 1 "
            "not_observable: 5");
  EXPECT_EQ(report.rules[2].result.ShortDebugString(),
            "rule_id: \"syncookies\" state: RULE_STATE_UNKNOWN_TO_SERVER message: \"no such\" checked: 3");
  EXPECT_EQ(report.rules[2].evaluated_servers, 1U);
  EXPECT_EQ(report.rules[2].unknown_servers, 1U);
}

TEST(AuditReport, CleanIsZero) {
  const AuditReport report = Report(AllHold());
  EXPECT_THAT(report.gaps, IsEmpty());
  EXPECT_EQ(report.exit_code, kExitOk);
  EXPECT_EQ(AuditNote(report), "");
}

TEST(AuditReport, AViolationCountsWhateverIsMissing) {
  std::vector<v1::RuleResult> results = AllHold();
  results[0].set_violations(1);
  EXPECT_EQ(Report(results).exit_code, kExitFindings);
  const AuditReport partial = Report(results, {}, "nodes_expected: 3 nodes_answered: 2 truncated: true");
  EXPECT_EQ(partial.exit_code, kExitFindings);
  EXPECT_THAT(partial.gaps, ElementsAre("2 of 3 nodes answered", "a bound of the server cut the answer"));
}

TEST(AuditReport, AGapIsThree) {
  const auto gaps_with = [](const v1::RuleResult& result) {
    std::vector<v1::RuleResult> results = AllHold();
    results[1] = result;
    const AuditReport report = Report(results);
    EXPECT_EQ(report.exit_code, kExitPartial);
    return report.gaps;
  };
  EXPECT_THAT(gaps_with(Result("port-range", "checked: 1 unreadable: 1")),
              ElementsAre("1 namespace could not be read"));
  EXPECT_THAT(gaps_with(Proto<v1::RuleResult>("rule_id: 'port-range' state: RULE_STATE_ERROR message: 'x'")),
              ElementsAre("port-range is in error"));
  EXPECT_THAT(gaps_with(Proto<v1::RuleResult>("rule_id: 'port-range' state: RULE_STATE_UNKNOWN_TO_SERVER")),
              ElementsAre("port-range is unknown to a server"));
  EXPECT_THAT(gaps_with(Result("other", "")), ElementsAre("port-range is unknown to a server"));
}

TEST(AuditReport, AServerThatKnowsNoPoliciesEvaluatesNothing) {
  const AuditReport report = MakeAuditReport(
      PolicyOf(), AnswerOf({"rule_id: 'backlog-too-small' severity: SEVERITY_CRITICAL"}, kOneNode), {}, {});
  EXPECT_THAT(report.answer.items, IsEmpty());
  EXPECT_EQ(report.exit_code, kExitPartial);
  EXPECT_THAT(report.gaps, ElementsAre("somaxconn-min, port-range, syncookies are unknown to a server"));
}

TEST(AuditReport, EnoughNodesAreWhatTheFlagSays) {
  const std::string partial = "nodes_expected: 20 nodes_answered: 19";
  const auto exit_code = [&](uint32_t value, bool is_percent, const std::string& summary) {
    return Report(AllHold(), {.min_nodes = NodeFloor{value, is_percent}}, summary).exit_code;
  };
  EXPECT_EQ(Report(AllHold(), {}, partial).exit_code, kExitPartial);
  EXPECT_EQ(exit_code(95, true, partial), kExitOk);
  EXPECT_EQ(exit_code(96, true, partial), kExitPartial);
  EXPECT_EQ(exit_code(19, false, partial), kExitOk);
  EXPECT_EQ(exit_code(20, false, partial), kExitPartial);
  EXPECT_EQ(exit_code(21, false, "nodes_expected: 20 nodes_answered: 20"), kExitPartial);
  EXPECT_EQ(AuditNote(Report(AllHold(), {.min_nodes = NodeFloor{96, true}}, partial)),
            "The audit is incomplete: 19 of 20 nodes answered, --min-nodes 96%\n");
  EXPECT_EQ(Report({}, {.min_nodes = NodeFloor{0, true}}, "nodes_expected: 2").exit_code, kExitError);
}

TEST(AuditReport, NoPartOfAFleetOfUnknownSizeIsEnough) {
  const std::string summary = "nodes_expected: 20 nodes_answered: 20 fleet_size_unknown: true";
  const AuditReport percent = Report(AllHold(), {.min_nodes = NodeFloor{95, true}}, summary);
  EXPECT_EQ(percent.exit_code, kExitPartial);
  EXPECT_THAT(percent.gaps, ElementsAre("20 of 20 nodes answered, --min-nodes 95% of a fleet whose size is "
                                        "not known: give a number of nodes"));
  EXPECT_EQ(Report(AllHold(), {.min_nodes = NodeFloor{20, false}}, summary).exit_code, kExitOk);
  EXPECT_EQ(Report(AllHold(), {}, summary).exit_code, kExitOk);
}

TEST(AuditReport, WhatNobodyCanSeeIntoCountsWhenStrict) {
  std::vector<v1::RuleResult> results = AllHold();
  results[0].set_not_observable(2);
  EXPECT_EQ(Report(results).exit_code, kExitOk);
  const AuditReport strict = Report(results, {.strict = true});
  EXPECT_EQ(strict.exit_code, kExitPartial);
  EXPECT_THAT(strict.gaps, ElementsAre("2 namespaces are not observable (--strict)"));
}

TEST(AuditReport, SaysWhenNothingWasChecked) {
  const std::vector<v1::RuleResult> results = {Result("somaxconn-min", ""), Result("port-range", ""),
                                               Result("syncookies", "")};
  const std::string summary = absl::StrCat(kOneNode, " namespaces_examined: 5");
  const AuditReport report = Report(results, {}, summary);
  EXPECT_EQ(report.exit_code, kExitOk);
  EXPECT_EQ(AuditNote(report), "No namespace was checked: 5 namespaces looked at\n");
  EXPECT_THAT(AuditText(report, kContext, {}), HasSubstr("unused    syncookies "));
  EXPECT_EQ(Report(results, {.strict = true}, summary).exit_code, kExitPartial);
}

TEST(Requirement, ReadsAsASentence) {
  const auto text = [](const std::string& comparison) {
    return Requirement(PolicyOf("rules: [{id: a, sysctl: s, " + comparison + "}]").rules[0]);
  };
  EXPECT_EQ(text("min: 5"), "must be ≥ 5");
  EXPECT_EQ(text("max: 5"), "must be ≤ 5");
  EXPECT_EQ(text("equals: 5"), "must be 5");
  EXPECT_EQ(text("one-of: [1, 2]"), "must be 1 or 2");
  EXPECT_EQ(text("range-width-min: 5"), "must span ≥ 5");
  EXPECT_EQ(text("matches-host: true"), "must be the node's own");
  EXPECT_EQ(text("equals-declared: true"), "must be as declared");
}

TEST(AuditText, HasABlockForEachBrokenRuleAndALineForTheOthers) {
  EXPECT_EQ(AuditText(BrokenReport(), kContext, {}),
            "critical  somaxconn-min  net.core.somaxconn must be ≥ 1024               "
            "4 of 1,204 namespaces, 2 excused, 1 unread\n"
            "          Short queues drop.\n"
            "          shop/api (Deployment, 2 pods)  128\n"
            "          netns host                     128\n"
            "          mq/emqx-0                      512\n"
            "ok        port-range     net.ipv4.ip_local_port_range must span ≥ 20000  3 namespaces\n"
            "ok        syncookies     net.ipv4.tcp_syncookies must be 1 or 2          3 namespaces\n");
}

TEST(AuditText, ShowsTheFixAndTheNodesWhenWide) {
  const std::string text = AuditText(BrokenReport(), kContext, {.wide = true});
  EXPECT_THAT(text, HasSubstr("          Short queues drop.\n          fix  set it\n"));
  EXPECT_THAT(text, HasSubstr("          mq/emqx-0                      512  node-3\n"));
}

TEST(AuditText, SortsTheWorstFirst) {
  std::vector<v1::RuleResult> results = AllHold();
  results[1].set_violations(2);
  results[2].set_violations(1);
  const std::string text = AuditText(Report(results), kContext, {.color = true});
  EXPECT_EQ(text.find("\x1b[33mwarning\x1b[0m   syncookies"), 0U) << text;
  EXPECT_LT(text.find("info      port-range"), text.find("ok        somaxconn-min"));
}

TEST(AuditText, SaysWhatWasNotEvaluatedAndWhere) {
  std::vector<v1::RuleResult> results = AllHold();
  results[1] = Proto<v1::RuleResult>("rule_id: 'port-range' state: RULE_STATE_ERROR message: 'bad label'");
  results.push_back(
      Proto<v1::RuleResult>("rule_id: 'syncookies' state: RULE_STATE_UNKNOWN_TO_SERVER message: 'no such'"));
  results[0] = Result("somaxconn-min", "unreadable: 2 not_observable: 3");
  EXPECT_EQ(
      AuditText(Report(results), kContext, {}),
      "error     port-range     ci/p q.yaml:3: bad label                -\n"
      "unknown   syncookies     no such                                 1 of 2 servers\n"
      "unread    somaxconn-min  net.core.somaxconn must be ≥ 1024       0 namespaces, 2 unread, 3 skipped\n"
      "ok        syncookies     net.ipv4.tcp_syncookies must be 1 or 2  3 namespaces\n"
      "skipped   3 namespaces: a guest kernel owns the sysctls (gVisor, Kata)\n");
}

TEST(AuditText, AnAggregatorsSumIsBothUnknownAndChecked) {
  std::vector<v1::RuleResult> results = AllHold();
  results[1] = Proto<v1::RuleResult>(
      "rule_id: 'port-range' state: RULE_STATE_UNKNOWN_TO_SERVER message: 'no such' checked: 7");
  const AuditReport report = Report(results);
  EXPECT_EQ(report.exit_code, kExitPartial);
  const std::string text = AuditText(report, kContext, {});
  EXPECT_THAT(text, HasSubstr("unknown   port-range     no such "));
  EXPECT_THAT(
      text,
      HasSubstr("ok        port-range     net.ipv4.ip_local_port_range must span ≥ 20000  7 namespaces"));
}

TEST(AuditText, SaysWhichExceptionsHaveEnded) {
  Policy policy = PolicyOf(R"(rules:
- id: a
  sysctl: s
  min: 1
  exceptions:
  - {pods: [x], expires: 2027-01-14, reason: until the move}
  - {pods: [y], expires: 2027-01-15}
)");
  const AuditReport report =
      MakeAuditReport(std::move(policy), AnswerOf({}, kOneNode), {Result("a", "checked: 1")}, {});
  EXPECT_EQ(AuditText(report, kContext, {}),
            "ok        a  s must be ≥ 1                                         1 namespace\n"
            "expired   a  an exception ended 2027-01-15 00:00Z: until the move  ci/p q.yaml:2\n");
}

TEST(AuditText, CutsALongListOfWorkloads) {
  std::vector<std::string> violations;
  for (int i = 0; i < 23; ++i) {
    violations.push_back(absl::StrCat("rule_id: 'syncookies' netns { names: 'n", i, "' }"));
  }
  std::vector<v1::RuleResult> results = AllHold();
  results[2].set_violations(23);
  const AuditReport report = MakeAuditReport(PolicyOf(), AnswerOf(violations, kOneNode), results, {});
  EXPECT_THAT(AuditText(report, kContext, {}), HasSubstr("          … 3 more workloads (-o wide)\n"));
  EXPECT_THAT(AuditText(report, kContext, {.wide = true}), Not(HasSubstr("more workloads")));
}

TEST(AuditText, NeverWrapsAtAHundredColumns) {
  AuditReport report = BrokenReport();
  report.answer.items[0].row.mutable_owners(0)->set_workload(std::string(200, 'w'));
  const std::string text = AuditText(report, kContext, {.width = 100});
  for (size_t start = 0; start < text.size();) {
    const size_t end = text.find('\n', start);
    EXPECT_LE(DisplayWidth(text.substr(start, end - start)), 100U) << text;
    start = end + 1;
  }
}

TEST(AuditToJson, HasTheResultsOfTheRulesBesideTheRows) {
  const Json json = Json::parse(AuditToJson(BrokenReport()));
  ASSERT_EQ(json["ruleResults"].size(), 3U);
  EXPECT_EQ(json["ruleResults"][0]["ruleId"], "somaxconn-min");
  EXPECT_EQ(json["ruleResults"][0]["violations"], "4");
  ASSERT_EQ(json["items"].size(), 4U);
  EXPECT_EQ(json["items"][2]["owners"][0]["pod"], "emqx-0");
  EXPECT_EQ(json["summary"]["nodesAnswered"], 1);
}

TEST(AuditToSarif, HasRulesResultsAndLocations) {
  const Json log = Json::parse(AuditToSarif(BrokenReport()));
  EXPECT_EQ(log["version"], "2.1.0");
  const Json& run = log["runs"][0];
  const Json& rules = run["tool"]["driver"]["rules"];
  ASSERT_EQ(rules.size(), 3U);
  EXPECT_EQ(rules[0]["id"], "somaxconn-min");
  EXPECT_EQ(rules[0]["shortDescription"]["text"], "net.core.somaxconn must be ≥ 1024");
  EXPECT_EQ(rules[0]["fullDescription"]["text"], "Short queues drop.");
  EXPECT_EQ(rules[0]["defaultConfiguration"]["level"], "error");
  EXPECT_EQ(rules[1]["defaultConfiguration"]["level"], "note");
  EXPECT_EQ(rules[2]["defaultConfiguration"]["level"], "warning");
  const Json& results = run["results"];
  ASSERT_EQ(results.size(), 4U);
  EXPECT_EQ(results[0]["ruleId"], "somaxconn-min");
  EXPECT_EQ(results[0]["ruleIndex"], 0);
  EXPECT_EQ(results[0]["level"], "error");
  EXPECT_EQ(results[0]["message"]["text"],
            "shop/api-1: net.core.somaxconn is 128 and must be at least 1024. Short queues drop.\nset it");
  const Json& location = results[0]["locations"][0];
  EXPECT_EQ(location["physicalLocation"]["artifactLocation"]["uri"], "ci/p%20q.yaml");
  EXPECT_EQ(location["physicalLocation"]["region"]["startLine"], 2);
  const Json& logical = location["logicalLocations"];
  ASSERT_EQ(logical.size(), 3U);
  EXPECT_EQ(logical[0], Json({{"name", "api-1"}, {"fullyQualifiedName", "shop/api-1"}, {"kind", "pod"}}));
  EXPECT_EQ(logical[1]["fullyQualifiedName"], "shop/api-1/api");
  EXPECT_EQ(logical[1]["kind"], "container");
  EXPECT_EQ(logical[2]["fullyQualifiedName"], "node-3/netns/11");
  ASSERT_EQ(results[3]["locations"][0]["logicalLocations"].size(), 1U);
  EXPECT_EQ(results[3]["locations"][0]["logicalLocations"][0]["name"], "host");
}

TEST(AuditToSarif, FingerprintsAreAWorkloadsAndASubjects) {
  const Json log = Json::parse(AuditToSarif(BrokenReport()));
  const Json& results = log["runs"][0]["results"];
  const auto fingerprint = [&](size_t i, const char* key) { return results[i]["partialFingerprints"][key]; };
  EXPECT_EQ(fingerprint(0, "workload/v1"), "somaxconn-min:shop/Deployment api");
  EXPECT_EQ(fingerprint(0, "workload/v1"), fingerprint(1, "workload/v1"));
  EXPECT_EQ(fingerprint(0, "subject/v1"), "somaxconn-min:shop/api-1");
  EXPECT_EQ(fingerprint(1, "subject/v1"), "somaxconn-min:shop/api-2");
  EXPECT_EQ(fingerprint(3, "subject/v1"), "somaxconn-min:node-3/netns host");
}

TEST(AuditToSarif, SaysWhatIsIncomplete) {
  AuditReport report = Report(AllHold(), {}, "nodes_expected: 3 nodes_answered: 2");
  report.answer.node_statuses = {Proto<v1::NodeStatus>(
      "node_name: 'node-17' state: NODE_STATE_UNAVAILABLE message: 'deadline exceeded'")};
  const Json log = Json::parse(AuditToSarif(report));
  const Json& invocation = log["runs"][0]["invocations"][0];
  EXPECT_EQ(invocation["executionSuccessful"], false);
  EXPECT_EQ(invocation["exitCode"], kExitPartial);
  ASSERT_EQ(invocation["toolExecutionNotifications"].size(), 2U);
  EXPECT_EQ(invocation["toolExecutionNotifications"][0]["message"]["text"],
            "incomplete: 2 of 3 nodes answered");
  EXPECT_EQ(invocation["toolExecutionNotifications"][1]["message"]["text"],
            "node-17: unavailable: deadline exceeded");
  EXPECT_EQ(log["runs"][0]["results"], Json::array());
  EXPECT_EQ(Json::parse(AuditToSarif(Report(AllHold())))["runs"][0]["invocations"][0]["executionSuccessful"],
            true);
}

TEST(AuditToSarif, StandardInputIsNoFile) {
  Policy policy;
  ASSERT_TRUE(AddPolicy("<stdin>", kPolicy, policy).ok());
  const auto report = MakeAuditReport(std::move(policy), AnswerOf({kViolations[0]}, kOneNode), AllHold(), {});
  const Json location = Json::parse(AuditToSarif(report))["runs"][0]["results"][0]["locations"][0];
  EXPECT_FALSE(location.contains("physicalLocation"));
  EXPECT_TRUE(location.contains("logicalLocations"));
}

TEST(AuditToJunit, HasASuiteForEachRule) {
  const AuditReport report =
      MakeAuditReport(PolicyOf(), AnswerOf({kViolations[0], kViolations[1]}, kOneNode),
                      {Result("somaxconn-min", "checked: 2 violations: 2 not_observable: 1"),
                       Result("port-range", "checked: 1 unreadable: 2"), Result("syncookies", "checked: 3")},
                      {});
  EXPECT_EQ(AuditToJunit(report), R"xml(<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="listenq audit" tests="7" failures="2" errors="2" skipped="1">
  <testsuite name="somaxconn-min" tests="3" failures="2" errors="0" skipped="1">
    <testcase classname="somaxconn-min" name="shop/api-1 on node-3"><failure message="net.core.somaxconn is 128 and must be at least 1024. Short queues drop." type="critical">set it</failure></testcase>
    <testcase classname="somaxconn-min" name="shop/api-2 on node-3"><failure message="" type="critical"/></testcase>
    <testcase classname="somaxconn-min" name="observable"><skipped message="1 namespace: a guest kernel owns the sysctls (gVisor, Kata)"/></testcase>
  </testsuite>
  <testsuite name="port-range" tests="2" failures="0" errors="1" skipped="0">
    <testcase classname="port-range" name="readable"><error message="2 namespaces could not be read" type="incomplete"/></testcase>
    <testcase classname="port-range" name="net.ipv4.ip_local_port_range must span ≥ 20000: 1 namespace"/>
  </testsuite>
  <testsuite name="syncookies" tests="1" failures="0" errors="0" skipped="0">
    <testcase classname="syncookies" name="net.ipv4.tcp_syncookies must be 1 or 2: 3 namespaces"/>
  </testsuite>
  <testsuite name="listenq" tests="1" failures="0" errors="1" skipped="0">
    <testcase classname="listenq" name="complete"><error message="2 namespaces could not be read" type="incomplete"/></testcase>
  </testsuite>
</testsuites>
)xml");
}

TEST(AuditToJunit, LinesStayLines) {
  const AuditReport report = MakeAuditReport(
      PolicyOf(),
      AnswerOf({"rule_id: 'somaxconn-min' severity: SEVERITY_CRITICAL fix: 'one\\ntwo\\033'"}, kOneNode),
      {Result("somaxconn-min", "checked: 1 violations: 1")}, {});
  EXPECT_THAT(AuditToJunit(report), HasSubstr(">one&#10;two\\x1b</failure>"));
}

TEST(AuditToJunit, ARuleThatWasNotEvaluatedIsAnError) {
  const std::string xml = AuditToJunit(
      Report({Proto<v1::RuleResult>("rule_id: 'somaxconn-min' state: RULE_STATE_ERROR message: 'a < b'"),
              Result("port-range", "checked: 3"), Result("syncookies", "checked: 3")}));
  EXPECT_THAT(xml, HasSubstr("<testsuite name=\"somaxconn-min\" tests=\"1\" failures=\"0\" errors=\"1\""));
  EXPECT_THAT(xml, HasSubstr("name=\"evaluated\"><error message=\"a &lt; b\" type=\"incomplete\"/>"));
}

// Words of a container: bytes that XML cannot hold, that end an attribute, that move a cursor.
TEST(Audit, NoFormatLetsHostileWordsThrough) {
  const std::string hostile =
      "rule_id: 'syncookies' netns { names: '\\033[2J\\001\\\"><x a=\\'&\\342\\200\\256]]>' }";
  std::vector<v1::RuleResult> results = AllHold();
  results[2].set_violations(1);
  const AuditReport report = MakeAuditReport(PolicyOf(), AnswerOf({hostile}, kOneNode), results, {});
  const std::string junit = AuditToJunit(report);
  EXPECT_THAT(junit, HasSubstr("netns \\x1b[2J\\x01&quot;&gt;&lt;x a=&apos;&amp;\\u{202e}]]&gt; on node-3"));
  const std::string sarif = AuditToSarif(report);
  EXPECT_EQ(Json::parse(sarif)["runs"][0]["results"][0]["locations"][0]["logicalLocations"][0]["name"],
            "\033[2J\001\"><x a='&\u202e]]>");
  for (const std::string& text : {junit, sarif, AuditToJson(report), AuditText(report, kContext, {})}) {
    EXPECT_THAT(text, Not(HasSubstr("\033[2J")));
    EXPECT_THAT(text, Not(HasSubstr("\001")));
  }
}

}  // namespace
}  // namespace listenq::client
