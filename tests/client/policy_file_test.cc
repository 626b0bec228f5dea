#include "client/policy_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/temp_folder.h"

namespace listenq::client {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Policy Accept(const std::string& text) {
  Policy policy;
  const absl::Status status = AddPolicy("p.yaml", text, policy);
  EXPECT_TRUE(status.ok()) << status;
  return policy;
}

std::string ErrorOf(const std::string& text) {
  Policy policy;
  const absl::Status status = AddPolicy("p.yaml", text, policy);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(status.message());
}

// A rule that is right, with `line` as its fifth line.
std::string WithLine(const std::string& line) {
  return absl::StrCat("rules:\n  - id: a\n    sysctl: net.core.somaxconn\n    min: 1\n", line, "\n");
}

TEST(PolicyFile, ReadsEveryKey) {
  const Policy policy = Accept(R"(
rules:
  - id: somaxconn-min
    severity: critical
    reason: short queues drop
    sysctl: net.core.somaxconn
    min: 1024
    select:
      namespaces: [shop, mq]
      pods: ['api-*']
      labels: app=web,tier!=db
      containers: [api]
      workload: ^Deployment
      image: nginx
      netns: [host, 4026532246]
      ports: [80, 443]
      processes: [node]
    exceptions:
      - namespaces: [shop]
        labels: {app: web, tier: db}
        workload: legacy
        reason: its own limit
        expires: 2026-12-31
)");
  ASSERT_EQ(policy.rules.size(), 1);
  EXPECT_EQ(policy.rules[0].ShortDebugString(),
            "id: \"somaxconn-min\" severity: SEVERITY_CRITICAL reason: \"short queues drop\" "
            "sysctl: \"net.core.somaxconn\" comparison: COMPARISON_MIN operands: \"1024\" "
            "filter { namespaces: \"shop\" namespaces: \"mq\" pods: \"api-*\" containers: \"api\" "
            "label_selector: \"app=web,tier!=db\" netns_inodes: 4026532246 netns_names: \"host\" "
            "ports: 80 ports: 443 processes: \"node\" } workload_pattern: \"^Deployment\" "
            "image_pattern: \"nginx\" exceptions { filter { namespaces: \"shop\" "
            "label_selector: \"app=web,tier=db\" } workload_pattern: \"legacy\" reason: \"its own limit\" "
            "expire_time { seconds: 1798761600 } }");
  ASSERT_EQ(policy.sources.size(), 1U);
  EXPECT_EQ(policy.sources[0].file, "p.yaml");
  EXPECT_EQ(policy.sources[0].line, 3);
}

TEST(PolicyFile, ReadsEveryComparison) {
  const auto comparison = [](const std::string& line) {
    const Policy policy = Accept("rules: [{id: a, sysctl: s, " + line + "}]");
    v1::PolicyRule rule = policy.rules.empty() ? v1::PolicyRule() : policy.rules[0];
    EXPECT_EQ(rule.severity(), v1::SEVERITY_WARNING);
    rule.clear_id();
    rule.clear_sysctl();
    rule.clear_severity();
    return rule.ShortDebugString();
  };
  EXPECT_EQ(comparison("min: 5"), "comparison: COMPARISON_MIN operands: \"5\"");
  EXPECT_EQ(comparison("max: -1"), "comparison: COMPARISON_MAX operands: \"-1\"");
  EXPECT_EQ(comparison("equals: 4096 87380 6291456"),
            "comparison: COMPARISON_EQUALS operands: \"4096 87380 6291456\"");
  EXPECT_EQ(comparison("one-of: [1, 'cubic']"),
            "comparison: COMPARISON_ONE_OF operands: \"1\" operands: \"cubic\"");
  EXPECT_EQ(comparison("range-width-min: '20000'"),
            "comparison: COMPARISON_RANGE_WIDTH_MIN operands: \"20000\"");
  EXPECT_EQ(comparison("matches-host: true"), "comparison: COMPARISON_MATCHES_HOST");
  EXPECT_EQ(comparison("equals-declared: true"), "comparison: COMPARISON_EQUALS_DECLARED");
}

TEST(PolicyFile, ADayLastsUntilItsEndAndATimeIsATime) {
  const auto seconds = [](const std::string& expires) {
    const Policy policy = Accept(WithLine("    exceptions: [{workload: x, expires: " + expires + "}]"));
    return policy.rules.empty() ? 0 : policy.rules[0].exceptions(0).expire_time().seconds();
  };
  EXPECT_EQ(seconds("2026-12-31"), 1798761600);
  EXPECT_EQ(seconds("2028-02-28"), 1835395200);
  EXPECT_EQ(seconds("2026-12-31T18:00:00Z"), 1798740000);
  EXPECT_EQ(seconds("2026-12-31T18:00:00+02:00"), 1798732800);
  EXPECT_FALSE(Accept(WithLine("    exceptions: [{workload: x}]")).rules[0].exceptions(0).has_expire_time());
}

TEST(PolicyFile, NamesAnUnknownKeyAndItsNeighbour) {
  EXPECT_EQ(ErrorOf(WithLine("    sevrity: info")),
            "p.yaml:5: rules[0].sevrity: unknown key; did you mean severity?");
  EXPECT_EQ(ErrorOf("rulez: []"), "p.yaml:1: rulez: unknown key; did you mean rules?");
  EXPECT_EQ(ErrorOf(WithLine("    select: {zzz: 1}")),
            "p.yaml:5: rules[0].select.zzz: unknown key; there are namespaces, pods, labels, containers, "
            "workload, netns, ports, processes, image");
  EXPECT_EQ(ErrorOf(WithLine("    exceptions:\n      - pods: [a]\n        expire: 2026-01-01")),
            "p.yaml:7: rules[0].exceptions[0].expire: unknown key; did you mean expires?");
}

TEST(PolicyFile, SaysWhatIsAllowed) {
  EXPECT_EQ(ErrorOf(WithLine("    severity: fatal")),
            "p.yaml:5: rules[0].severity: \"fatal\": not one of info, warning, critical");
  EXPECT_EQ(ErrorOf(WithLine("    max: 5")),
            "p.yaml:5: rules[0].max: a second comparison; a rule has one of min, max, equals, one-of, "
            "range-width-min, matches-host, equals-declared");
  EXPECT_EQ(ErrorOf("rules:\n- id: a\n  sysctl: s\n  min: 4k"),
            "p.yaml:4: rules[0].min: \"4k\": not a whole number");
  EXPECT_EQ(ErrorOf("rules:\n- id: a\n  sysctl: s\n  matches-host: false"),
            "p.yaml:4: rules[0].matches-host: must be true; leave it out otherwise");
  EXPECT_EQ(ErrorOf("rules:\n- id: a\n  sysctl: net/core/somaxconn\n  min: 1"),
            "p.yaml:3: rules[0].sysctl: \"net/core/somaxconn\": a name has dots, like net.core.somaxconn");
  EXPECT_EQ(ErrorOf(WithLine("    select: {ports: [http]}")),
            "p.yaml:5: rules[0].select.ports[0]: \"http\": not a port from 1 to 65535");
  EXPECT_EQ(ErrorOf(WithLine("    select: {namespaces: ['shop-*']}")),
            "p.yaml:5: rules[0].select.namespaces[0]: \"shop-*\": must be a name; no patterns are allowed "
            "here");
  EXPECT_EQ(ErrorOf(WithLine("    select: {pods: [shop/web-0]}")),
            "p.yaml:5: rules[0].select.pods[0]: \"shop/web-0\": not a pod's name; its namespace stands under "
            "namespaces");
}

TEST(PolicyFile, SaysWhatIsMissing) {
  EXPECT_EQ(ErrorOf("rules:\n- sysctl: s\n  min: 1"), "p.yaml:2: rules[0]: has no id");
  EXPECT_EQ(ErrorOf("rules:\n- id: a\n  min: 1"), "p.yaml:2: rules[0]: has no sysctl");
  EXPECT_EQ(ErrorOf("rules:\n- id: a\n  sysctl: s"),
            "p.yaml:2: rules[0]: has no comparison: one of min, max, equals, one-of, range-width-min, "
            "matches-host, equals-declared");
  EXPECT_EQ(ErrorOf(WithLine("    reason:")), "p.yaml:5: rules[0].reason: has no value");
  EXPECT_EQ(ErrorOf(WithLine("    reason: ''")), "p.yaml:5: rules[0].reason: must not be empty");
  EXPECT_EQ(ErrorOf(WithLine("    exceptions:\n      - reason: all")),
            "p.yaml:6: rules[0].exceptions[0]: excuses everybody; name whom, or say workload: '.*'");
  const std::string no_rules =
      "p.yaml:1: no rules; `listenq audit --print-default` prints a policy to start from";
  for (const char* text : {"", "# nothing", "rules:", "rules: []", "{}"}) EXPECT_EQ(ErrorOf(text), no_rules);
}

TEST(PolicyFile, SaysWhatTypeIsWanted) {
  EXPECT_EQ(ErrorOf("- a"), "p.yaml:1: must be a map with the key rules");
  EXPECT_EQ(ErrorOf("rules: {a: 1}"), "p.yaml:1: rules: must be a list, like [a, b]");
  EXPECT_THAT(ErrorOf("rules:\n- a"), StartsWith("p.yaml:2: rules[0]: must be a map with the keys id, "));
  EXPECT_EQ(ErrorOf(WithLine("    reason: [a]")),
            "p.yaml:5: rules[0].reason: must be one value, not a list or a map");
  EXPECT_EQ(ErrorOf(WithLine("    select: {pods: web-0}")),
            "p.yaml:5: rules[0].select.pods: must be a list, like [a, b]");
  EXPECT_EQ(ErrorOf(WithLine("    select: {pods: []}")),
            "p.yaml:5: rules[0].select.pods: must not be empty; leave it out to take all");
  EXPECT_EQ(ErrorOf(WithLine("    [a]: 1")), "p.yaml:2: rules[0]: a key must be a word");
  EXPECT_EQ(ErrorOf(WithLine("    select: {labels: {app: [a]}}")),
            "p.yaml:5: rules[0].select.labels.app: must be one value, not a list or a map");
}

TEST(PolicyFile, RefusesABadDate) {
  for (const char* date : {"2026-02-30", "31.12.2026", "tomorrow", "infinite-future", "2026-12-31 18:00"}) {
    EXPECT_EQ(ErrorOf(WithLine(absl::StrCat("    exceptions: [{pods: [a], expires: ", date, "}]"))),
              absl::StrCat("p.yaml:5: rules[0].exceptions[0].expires: \"", date,
                           "\": not a date; 2026-12-31 (through that day, UTC) or 2026-12-31T18:00:00Z"));
  }
}

TEST(PolicyFile, RefusesABadPattern) {
  EXPECT_EQ(ErrorOf(WithLine("    select: {workload: '(a'}")),
            "p.yaml:5: rules[0].select.workload: \"(a\": not a regular expression (RE2): missing ): (a");
  EXPECT_THAT(ErrorOf(WithLine("    select: {image: '(?=a)'}")),
              StartsWith("p.yaml:5: rules[0].select.image: \"(?=a)\": not a regular expression (RE2): "));
}

TEST(PolicyFile, RefusesWhatStandsTwice) {
  EXPECT_EQ(ErrorOf(WithLine("    min: 2")), "p.yaml:5: rules[0].min: stands there twice");
  EXPECT_EQ(ErrorOf(WithLine("  - {id: a, sysctl: s, max: 1}")),
            "p.yaml:5: rules[1]: the id \"a\" is that of p.yaml:2 too");
  Policy policy = Accept(WithLine(""));
  EXPECT_EQ(AddPolicy("q.yaml", "\nrules: [{id: a, sysctl: s, max: 1}]", policy).message(),
            "q.yaml:2: rules[0]: the id \"a\" is that of p.yaml:2 too");
}

TEST(PolicyFile, RefusesWhatIsNotYaml) {
  EXPECT_EQ(ErrorOf("rules:\n  - id: [a\n"), "p.yaml:3: not YAML: end of sequence flow not found");
  EXPECT_THAT(ErrorOf("rules:\n\t- id: a"), StartsWith("p.yaml:2: not YAML: "));
  EXPECT_THAT(ErrorOf("rules: *nowhere"), StartsWith("p.yaml:1: not YAML: "));
  EXPECT_EQ(ErrorOf(WithLine("---\nrules: []")), "p.yaml:5: a second document; a file has one");
  EXPECT_EQ(ErrorOf(WithLine("...\nrules: []")), "p.yaml:6: a second document; a file has one");
  EXPECT_EQ(ErrorOf(WithLine("]\nrules: []")), "p.yaml:5: not YAML: illegal flow end");
  EXPECT_EQ(ErrorOf(", rules: []"), "p.yaml:1: a second document; a file has one");
}

TEST(PolicyFile, BoundsTheRequest) {
  std::string many = "rules:\n";
  for (int i = 0; i <= kMaxPolicyRules; ++i) absl::StrAppend(&many, "- {id: r", i, ", sysctl: s, min: 1}\n");
  EXPECT_EQ(ErrorOf(many), "p.yaml:202: rules[200]: more than 200 rules");
  EXPECT_EQ(ErrorOf(WithLine("    reason: " + std::string(kMaxPolicyBytes, 'x'))),
            "p.yaml:5: rules[0].reason: the policy is larger than the 64 KiB of a request");
}

// Nine rules' worth of text, and four million names when each alias is followed.
TEST(PolicyFile, CountsWhatAliasesRepeat) {
  std::string names;
  for (int i = 0; i < 200; ++i) absl::StrAppend(&names, i == 0 ? "" : ", ", "pod-", i);
  std::string bomb = absl::StrCat(WithLine("    select: {pods: &pods [" + names + "]}"), "    exceptions:\n");
  for (int i = 0; i < 20'000; ++i) absl::StrAppend(&bomb, "    - pods: *pods\n");
  EXPECT_THAT(ErrorOf(bomb), HasSubstr("the policy is larger than the 64 KiB of a request"));
}

TEST(PolicyFile, SurvivesDeepNesting) {
  for (const char* open : {"[", "{a: ", "- ", "? "}) {
    std::string deep = "rules: \n";
    while (deep.size() < kMaxPolicyFileBytes) deep += open;
    EXPECT_THAT(ErrorOf(deep), StartsWith("p.yaml:")) << open;
  }
}

TEST(PolicyFile, ShowsALongWordInPart) {
  EXPECT_EQ(
      ErrorOf(WithLine("    severity: " + std::string(5000, 'x'))),
      "p.yaml:5: rules[0].severity: \"" + std::string(59, 'x') + "…\": not one of info, warning, critical");
}

TEST(ReadPolicy, TakesSeveralFilesAndNamesEach) {
  const test::TempFolder folder;
  folder.Write("a.yaml", "rules: [{id: a, sysctl: s, min: 1}]");
  folder.Write("b.yaml", "\nrules:\n- {id: b, sysctl: s, max: 1}");
  const auto policy = ReadPolicy({folder.Path("a.yaml"), folder.Path("b.yaml")});
  ASSERT_TRUE(policy.ok()) << policy.status();
  ASSERT_EQ(policy->rules.size(), 2);
  EXPECT_EQ(policy->rules[1].id(), "b");
  EXPECT_EQ(policy->sources[1].file, folder.Path("b.yaml"));
  EXPECT_EQ(policy->sources[1].line, 3);
}

TEST(ReadPolicy, RefusesWhatCannotBeReadInFull) {
  EXPECT_EQ(ReadPolicy({"/no/such.yaml"}).status(),
            absl::InvalidArgumentError("read /no/such.yaml: No such file or directory"));
  EXPECT_EQ(ReadPolicy({"/"}).status(), absl::InvalidArgumentError("read /: Is a directory"));
  EXPECT_EQ(ReadPolicy({"/dev/zero"}).status(),
            absl::InvalidArgumentError("read /dev/zero: larger than 1 MiB"));
}

TEST(DefaultPolicy, IsAPolicy) {
  Policy policy;
  const absl::Status status = AddPolicy("default", std::string(DefaultPolicy()), policy);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_GE(policy.rules.size(), 5);
  for (const v1::PolicyRule& rule : policy.rules) EXPECT_THAT(rule.reason(), HasSubstr(" ")) << rule.id();
}

// What is only shown as a comment must be right too.
TEST(DefaultPolicy, ItsCommentedPartsAreRight) {
  std::string text(DefaultPolicy());
  for (const char* marked : {"    # select:", "    #   ", "    # exceptions:", "  # - id:"}) {
    for (size_t at = text.find(marked); at != std::string::npos; at = text.find(marked, at)) {
      const size_t hash = text.find('#', at);
      text.erase(hash, 2);
    }
  }
  const size_t last = text.find("- id: no-tw-recycle");
  ASSERT_NE(last, std::string::npos);
  for (size_t at = text.find("  #   ", last); at != std::string::npos; at = text.find("  #   ", at)) {
    text.erase(text.find('#', at), 2);
  }
  const Policy policy = Accept(text);
  ASSERT_GE(policy.rules.size(), 6);
  EXPECT_EQ(policy.rules[0].exceptions_size(), 1) << text;
  EXPECT_EQ(policy.rules[0].filter().label_selector(), "app=web,tier!=db");
  EXPECT_EQ(policy.rules.rbegin()->id(), "no-tw-recycle");
}

}  // namespace
}  // namespace listenq::client
