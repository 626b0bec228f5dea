#include "agent/serve/policy.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/agent/serve/sample_snapshot.h"

namespace listenq::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HostOwner;
using ::testing::IsEmpty;
using testing::kNow;
using testing::MakeNamespace;
using testing::MakeSnapshot;
using testing::MakeSysctls;
using testing::PodOwner;
using testing::WithName;

// The host with somaxconn 4096 and three pods: web (128, range of 28,232 ports), api (1024, declares 2048),
// vm (gVisor).
class PolicyTest : public ::testing::Test {
 protected:
  PolicyTest() {
    model::Namespace host = MakeNamespace(1, {HostOwner()});
    host.id = WithName(*host.id, "", true);
    host.sysctls = MakeSysctls({{"net.core.somaxconn", "4096"}});
    model::Owner web_owner = PodOwner("shop", "web", "nginx", 'a');
    web_owner.workload = "Deployment web";
    web_owner.image = "nginx:1.25";
    model::Namespace web = MakeNamespace(2, {web_owner});
    web.sysctls =
        MakeSysctls({{"net.core.somaxconn", "128"}, {"net.ipv4.ip_local_port_range", "32768 60999"}});
    model::Owner api_owner = PodOwner("shop", "api", "api", 'b');
    api_owner.workload = "Deployment api";
    api_owner.image = "api:7";
    model::Namespace api = MakeNamespace(3, {api_owner});
    api.sysctls = MakeSysctls({{"net.core.somaxconn", "1024"}});
    api.declared_sysctls = std::make_shared<const std::map<std::string, std::string>>(
        std::map<std::string, std::string>{{"net.core.somaxconn", "2048"}});
    model::Namespace vm = MakeNamespace(4, {PodOwner("shop", "vm", "vm", 'c')});
    vm.not_observable_reason = "not observable: guest kernel (gVisor)";
    snapshot_ = MakeSnapshot({host, web, api, vm});
  }

  static v1::PolicyRule Rule(const std::string& text) {
    v1::PolicyRule rule;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        absl::StrCat("id: 'r' severity: SEVERITY_CRITICAL ", text), &rule));
    return rule;
  }
  PolicyOutcome Evaluate(const std::string& rule, const std::string& scope = "") {
    v1::Filter proto;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(scope, &proto));
    google::protobuf::RepeatedPtrField<v1::PolicyRule> policy;
    *policy.Add() = Rule(rule);
    return EvaluatePolicy(snapshot_, *Filter::Compile(proto, kNow), policy, kNow);
  }
  // The pods that break it; "host" for the node's own namespace.
  static std::vector<std::string> Violators(const PolicyOutcome& outcome) {
    std::vector<std::string> pods;
    for (const model::Finding& finding : outcome.findings) {
      pods.push_back(finding.ns->id->host ? "host" : finding.ns->owners->front().pod);
    }
    return pods;
  }

  model::Snapshot snapshot_;
};

constexpr char kMin1024[] = "sysctl: 'net.core.somaxconn' comparison: COMPARISON_MIN operands: '1024' ";

TEST_F(PolicyTest, MinCountsAndNamesViolations) {
  const PolicyOutcome outcome = Evaluate(absl::StrCat(kMin1024, "reason: 'Bursts.'"));
  EXPECT_THAT(Violators(outcome), ElementsAre("web"));
  const v1::RuleResult& result = outcome.results.at(0);
  EXPECT_EQ(result.rule_id(), "r");
  EXPECT_EQ(result.state(), v1::RULE_STATE_EVALUATED);
  EXPECT_EQ(result.checked(), 3u);
  EXPECT_EQ(result.violations(), 1u);
  EXPECT_EQ(result.not_observable(), 1u);
  EXPECT_EQ(result.unreadable(), 0u);
  const model::Finding& finding = outcome.findings[0];
  EXPECT_EQ(finding.severity, model::Severity::kCritical);
  EXPECT_EQ(finding.explanation, "net.core.somaxconn is 128 and must be at least 1024. Bursts.");
  EXPECT_THAT(finding.evidence, ElementsAre(model::Evidence{.name = "net.core.somaxconn", .value = "128"}));
  EXPECT_THAT(finding.fix, HasSubstr("{name: net.core.somaxconn, value: \"1024\"}"));
}

TEST_F(PolicyTest, EachComparison) {
  const std::string somaxconn = "sysctl: 'net.core.somaxconn' comparison: ";
  EXPECT_THAT(Violators(Evaluate(somaxconn + "COMPARISON_MAX operands: '1024'")), ElementsAre("host"));
  EXPECT_THAT(Violators(Evaluate(somaxconn + "COMPARISON_EQUALS operands: ' 128 '")),
              ElementsAre("host", "api"));
  EXPECT_THAT(Violators(Evaluate(somaxconn + "COMPARISON_ONE_OF operands: '128' operands: '4096'")),
              ElementsAre("api"));
  EXPECT_THAT(Violators(Evaluate(somaxconn + "COMPARISON_MATCHES_HOST")), ElementsAre("web", "api"));
  EXPECT_THAT(Violators(Evaluate(somaxconn + "COMPARISON_EQUALS_DECLARED")), ElementsAre("api"));
  const std::string range =
      "sysctl: 'net.ipv4.ip_local_port_range' comparison: COMPARISON_RANGE_WIDTH_MIN operands: ";
  EXPECT_THAT(Violators(Evaluate(range + "'28232'")), IsEmpty());
  EXPECT_THAT(Violators(Evaluate(range + "'28233'")), ElementsAre("web"));
}

TEST_F(PolicyTest, ValueThatWasNotReadIsNeitherCheckedNorAViolation) {
  const PolicyOutcome outcome =
      Evaluate("sysctl: 'net.ipv4.ip_local_port_range' comparison: COMPARISON_RANGE_WIDTH_MIN operands: '1'");
  EXPECT_EQ(outcome.results[0].checked(), 1u);
  EXPECT_EQ(outcome.results[0].unreadable(), 2u);
}

TEST_F(PolicyTest, ASysctlThatIsNotThereIsNotAskedFor) {
  auto sysctls = std::make_shared<model::Sysctls>();
  sysctls->values.resize(model::SysctlTable().size());
  sysctls->values[*model::FindSysctl("net.ipv4.tcp_tw_recycle")] = {.unreadable_reason = "not on this kernel",
                                                                    .missing = true};
  model::Namespace ns = MakeNamespace(7);
  ns.sysctls = sysctls;
  snapshot_ = MakeSnapshot({ns});
  const PolicyOutcome outcome =
      Evaluate("sysctl: 'net.ipv4.tcp_tw_recycle' comparison: COMPARISON_EQUALS operands: '0'");
  EXPECT_THAT(outcome.findings, IsEmpty());
  EXPECT_EQ(outcome.results[0].state(), v1::RULE_STATE_EVALUATED);
  EXPECT_EQ(outcome.results[0].checked(), 0u);
  EXPECT_EQ(outcome.results[0].unreadable(), 0u);
}

TEST_F(PolicyTest, DeclarationsThatAreNotKnownAreUnreadable) {
  const PolicyOutcome outcome =
      Evaluate("sysctl: 'net.core.somaxconn' comparison: COMPARISON_EQUALS_DECLARED");
  EXPECT_EQ(outcome.results[0].checked(), 1u);
  EXPECT_EQ(outcome.results[0].unreadable(), 2u) << "the host and a pod of which nothing is known";
}

TEST_F(PolicyTest, SelectorsAndScopeAreAnded) {
  EXPECT_THAT(Violators(Evaluate(absl::StrCat(kMin1024, "filter { pods: 'api' }"))), IsEmpty());
  EXPECT_THAT(Violators(Evaluate(absl::StrCat(kMin1024, "workload_pattern: '^Deployment web$'"))),
              ElementsAre("web"));
  EXPECT_THAT(Violators(Evaluate(absl::StrCat(kMin1024, "workload_pattern: 'StatefulSet'"))), IsEmpty());
  EXPECT_THAT(Violators(Evaluate(absl::StrCat(kMin1024, "image_pattern: '^nginx:'"))), ElementsAre("web"));
  EXPECT_THAT(Violators(Evaluate(absl::StrCat(kMin1024, "image_pattern: '^api:'"))), IsEmpty());
  EXPECT_THAT(Violators(Evaluate(kMin1024, "pods: 'api'")), IsEmpty());
}

TEST_F(PolicyTest, ExceptionsExcuseUntilTheyExpire) {
  const auto excused = [&](int64_t expire) {
    return Evaluate(absl::StrCat(
        kMin1024, "exceptions { filter { pods: 'web' } expire_time { seconds: ", expire, " } }"));
  };
  const int64_t now = absl::ToUnixSeconds(kNow);
  EXPECT_THAT(Violators(excused(now + 1)), IsEmpty());
  EXPECT_EQ(excused(now + 1).results[0].excused(), 1u);
  EXPECT_EQ(excused(now + 1).results[0].violations(), 0u);
  EXPECT_THAT(Violators(excused(now)), ElementsAre("web"));
  EXPECT_THAT(Violators(Evaluate(absl::StrCat(kMin1024, "exceptions { workload_pattern: 'web$' }"))),
              IsEmpty());
}

TEST_F(PolicyTest, WhatIsNotKnownHereCostsThatRuleOnly) {
  const PolicyOutcome sysctl = Evaluate("sysctl: 'net.future.knob' comparison: COMPARISON_MIN operands: '1'");
  EXPECT_EQ(sysctl.results[0].state(), v1::RULE_STATE_UNKNOWN_TO_SERVER);
  EXPECT_EQ(sysctl.results[0].message(), "sysctl \"net.future.knob\" is not read by this server");
  const PolicyOutcome comparison = Evaluate("sysctl: 'net.core.somaxconn'");
  EXPECT_EQ(comparison.results[0].state(), v1::RULE_STATE_UNKNOWN_TO_SERVER);
}

TEST_F(PolicyTest, WrongRuleSaysWhatIsWrong) {
  const auto message = [&](const std::string& rule) {
    const PolicyOutcome outcome = Evaluate(rule);
    EXPECT_EQ(outcome.results[0].state(), v1::RULE_STATE_ERROR) << rule;
    return outcome.results[0].message();
  };
  EXPECT_EQ(message("sysctl: 'net.core.somaxconn' comparison: COMPARISON_MIN operands: 'many'"),
            "operands: needs one number");
  EXPECT_EQ(message(absl::StrCat(kMin1024, "workload_pattern: '('")), "workload_pattern \"(\": missing ): (");
  EXPECT_THAT(message(absl::StrCat(kMin1024, "filter { label_selector: '=x' }")),
              HasSubstr("read filter.label_selector: "));
}

TEST_F(PolicyTest, NodeWhoseHostIsNotKnownCannotCompareWithIt) {
  snapshot_.namespaces.erase(snapshot_.namespaces.begin());
  const PolicyOutcome outcome = Evaluate("sysctl: 'net.core.somaxconn' comparison: COMPARISON_MATCHES_HOST");
  EXPECT_EQ(outcome.results[0].checked(), 0u);
  EXPECT_EQ(outcome.results[0].unreadable(), 2u);
}

TEST(CheckPolicy, BoundsAndIds) {
  google::protobuf::RepeatedPtrField<v1::PolicyRule> policy;
  EXPECT_TRUE(CheckPolicy(policy).ok());
  policy.Add();
  EXPECT_EQ(CheckPolicy(policy), absl::InvalidArgumentError("read policy: a rule has no id"));
  policy.Clear();
  for (int i = 0; i <= kMaxPolicyRules; ++i) policy.Add()->set_id(absl::StrCat(i));
  EXPECT_EQ(CheckPolicy(policy),
            absl::InvalidArgumentError("read policy: 201 rules are more than the 200 allowed"));
}

}  // namespace
}  // namespace listenq::serve
