#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "client/command_line.h"
#include "client/run.h"
#include "tests/client/rows.h"
#include "tests/fakes/fake_observer.h"
#include "tests/support/temp_folder.h"

namespace listenq::client {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kPolicy[] = "rules: [{id: a, sysctl: net.core.somaxconn, min: 1024}]";

class AuditRun : public ::testing::Test {
 protected:
  struct Result {
    int exit_code = 0;
    std::string out;
    std::string notes;
  };

  AuditRun() : policy_(folder_.Write("policy.yaml", kPolicy)) {}

  Result RunAudit(std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"audit", "-f", policy_});
    const auto outcome = ParseCommandLine({.program = "listenq", .arguments = std::move(flags)});
    EXPECT_TRUE(outcome.options.has_value()) << outcome.error;
    ObserverClient client(server_.Channel(), {.server = "fake"}, absl::Seconds(60));
    Result result;
    Output output;
    output.out = [&](absl::string_view text) {
      result.out += std::string(text);
      return absl::OkStatus();
    };
    output.note = [&](absl::string_view text) { result.notes += std::string(text); };
    output.zone = absl::UTCTimeZone();
    output.clock = [] { return absl::FromUnixSeconds(1'800'000'000); };
    result.exit_code = client::Run(*outcome.options, client, output);
    return result;
  }
  void Answer(const std::vector<std::string>& messages) {
    for (const std::string& message : messages) {
      server_.findings_responses.push_back(Proto<v1::ListFindingsResponse>(message));
    }
  }

  test::TempFolder folder_;
  std::string policy_;
  fakes::FakeObserver server_;
};

TEST_F(AuditRun, SendsThePolicyTheSelectionAndItsOwnClock) {
  RunAudit({"-n", "shop", "-l", "app=web", "--pod", "api-*"});
  EXPECT_EQ(server_.findings_request.ShortDebugString(),
            "filter { namespaces: \"shop\" pods: \"api-*\" label_selector: \"app=web\" } "
            "policy { id: \"a\" severity: SEVERITY_WARNING sysctl: \"net.core.somaxconn\" "
            "comparison: COMPARISON_MIN operands: \"1024\" } now_time { seconds: 1800000000 }");
}

TEST_F(AuditRun, SeveralNodesAreOneAnswer) {
  Answer(
      {"batch { node_name: 'n1' findings { rule_id: 'a' severity: SEVERITY_WARNING netns { names: 'x' } "
       "evidence { value: '128' } } }",
       "rule_result { rule_id: 'a' state: RULE_STATE_EVALUATED checked: 2 violations: 1 }",
       "node_status { node_name: 'n1' state: NODE_STATE_OK }",
       "batch { node_name: 'n2' findings { rule_id: 'a' severity: SEVERITY_WARNING netns { names: 'x' } "
       "evidence { value: '128' } } }",
       "rule_result { rule_id: 'a' state: RULE_STATE_EVALUATED checked: 3 violations: 1 }",
       "node_status { node_name: 'n2' state: NODE_STATE_OK }",
       "node_status { node_name: 'n3' state: NODE_STATE_UNAVAILABLE message: 'deadline exceeded' }",
       "summary { nodes_expected: 3 nodes_answered: 2 }"});
  const Result result = RunAudit({});
  EXPECT_EQ(result.exit_code, kExitFindings);
  EXPECT_EQ(result.out,
            "warning   a  net.core.somaxconn must be ≥ 1024  2 of 5 namespaces\n"
            "          netns x (2 namespaces)  128  2 nodes\n");
  EXPECT_EQ(result.notes,
            "n3: deadline exceeded\n"
            "2 of 3 nodes answered: the answer is incomplete\n"
            "The audit is incomplete: 2 of 3 nodes answered\n");
}

TEST_F(AuditRun, MissingNodesAreThreeUnlessEnoughAnswered) {
  Answer({"rule_result { rule_id: 'a' state: RULE_STATE_EVALUATED checked: 2 }",
          "node_status { node_name: 'n1' state: NODE_STATE_OK }",
          "node_status { node_name: 'n2' state: NODE_STATE_UNAVAILABLE message: 'gone' }",
          "summary { nodes_expected: 2 nodes_answered: 1 }"});
  EXPECT_EQ(RunAudit({}).exit_code, kExitPartial);
  EXPECT_EQ(RunAudit({"--min-nodes", "1"}).exit_code, kExitOk);
  EXPECT_EQ(RunAudit({"--min-nodes", "51%"}).exit_code, kExitPartial);
}

TEST_F(AuditRun, AnOldServerIsSaid) {
  Answer({"rule_result { rule_id: 'a' state: RULE_STATE_UNKNOWN_TO_SERVER message: 'sysctl x is not read' }",
          "node_status { node_name: 'n1' state: NODE_STATE_OK }",
          "summary { nodes_expected: 1 nodes_answered: 1 }"});
  const Result result = RunAudit({});
  EXPECT_EQ(result.exit_code, kExitPartial);
  EXPECT_EQ(result.out, "unknown   a  sysctl x is not read  -\n");
  EXPECT_EQ(result.notes, "The audit is incomplete: a is unknown to a server\n");
}

TEST_F(AuditRun, NobodyWhoAnswersIsAnError) {
  Answer({"node_status { node_name: 'n1' state: NODE_STATE_STARTING }", "summary { nodes_expected: 1 }"});
  EXPECT_EQ(RunAudit({}).exit_code, kExitError);
  server_.findings_responses.clear();
  server_.end = grpc::Status(grpc::StatusCode::UNAVAILABLE, "down");
  const Result result = RunAudit({});
  EXPECT_EQ(result.exit_code, kExitError);
  EXPECT_THAT(result.notes, HasSubstr("listenq: cannot reach the server at fake: "));
}

TEST_F(AuditRun, ABadPolicyIsUsageAndAsksNobody) {
  folder_.Write("policy.yaml", "rules:\n- id: a\n  sevrity: info");
  const Result result = RunAudit({});
  EXPECT_EQ(result.exit_code, kExitUsage);
  EXPECT_EQ(result.notes, absl::StrCat("listenq: ", policy_,
                                       ":3: rules[0].sevrity: unknown key; did you mean severity?\n"));
  EXPECT_EQ(server_.findings_request.policy_size(), 0);
}

TEST_F(AuditRun, ARequestThatIsTooLargeIsNotSent) {
  const Result result = RunAudit({"-l", std::string(70'000, 'x')});
  EXPECT_EQ(result.exit_code, kExitUsage);
  EXPECT_THAT(result.notes, StartsWith("listenq: send policy: 70,"));
  EXPECT_THAT(result.notes, HasSubstr(" bytes are more than the 65,536 of a request; audit in parts\n"));
  EXPECT_EQ(server_.findings_request.policy_size(), 0);
}

TEST_F(AuditRun, PrintsEveryFormat) {
  Answer({"batch { node_name: 'n1' findings { rule_id: 'a' severity: SEVERITY_WARNING netns { inode: 7 } } }",
          "rule_result { rule_id: 'a' state: RULE_STATE_EVALUATED checked: 2 violations: 1 }",
          "summary { nodes_expected: 1 nodes_answered: 1 }"});
  const std::pair<const char*, const char*> starts[] = {
      {"json", "{\"ruleResults\":["}, {"yaml", "ruleResults:\n  - ruleId: a\n"},
      {"csv", "nodeName,ruleId,"},    {"sarif", "{\n  \"$schema\""},
      {"junit", "<?xml version"},     {"wide", "warning   a  "}};
  for (const auto& [format, start] : starts) {
    const Result result = RunAudit({"-o", format});
    EXPECT_THAT(result.out, StartsWith(start));
    EXPECT_EQ(result.exit_code, kExitFindings) << format;
  }
}

}  // namespace
}  // namespace listenq::client
