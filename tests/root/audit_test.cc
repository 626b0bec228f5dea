// `listenq audit` against a real agent and the sysctls of real namespaces.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/support/program.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kSomaxconn[] = "rules: [{id: somaxconn-min, sysctl: net.core.somaxconn, min: 1024}]";

class Audit : public ::testing::Test {
 protected:
  void SetUp() override { LISTENQ_SKIP_UNLESS_ROOT(); }

  [[nodiscard]] std::string Socket() const { return "unix://" + folder_.Path("agent.sock"); }
  void StartAgent() {
    agent_ = std::make_unique<Program>(
        std::vector<std::string>{LISTENQ_AGENT, "--listen", Socket(), "--node-name", "here"});
    ASSERT_TRUE(WaitUntil([&] {
      const Finished run = RunProgram({LISTENQ_CLI, "--server", Socket(), "nodes", "-o", "json"});
      return run.code == 0 && run.output.find("NODE_STATE_STARTING") == std::string::npos;
    })) << agent_->Errors();
  }
  [[nodiscard]] Finished RunAudit(const std::string& policy, const std::string& netns,
                                  const std::vector<std::string>& flags = {}) const {
    const std::string file = folder_.Write("policy.yaml", policy);
    std::vector<std::string> argv = {LISTENQ_CLI, "--server", Socket(),  "audit",
                                     "-f",        file,       "--netns", netns};
    argv.insert(argv.end(), flags.begin(), flags.end());
    return RunProgram(argv);
  }

  TempFolder folder_;
  std::unique_ptr<Program> agent_;
};

std::string WithException(const std::string& netns, absl::Duration from_now) {
  const std::string day =
      absl::FormatCivilTime(absl::ToCivilDay(absl::Now() + from_now, absl::UTCTimeZone()));
  return absl::StrCat(
      "rules:\n- id: somaxconn-min\n  sysctl: net.core.somaxconn\n  min: 1024\n  exceptions:\n  - netns: [",
      netns, "]\n    expires: ", day, "\n");
}

TEST_F(Audit, FindsTheNamespaceThatBreaksARule) {
  const TestNetns low;
  const TestNetns high;
  ASSERT_TRUE(low.SetSysctl("net.core.somaxconn", "128").ok());
  ASSERT_TRUE(high.SetSysctl("net.core.somaxconn", "4096").ok());
  StartAgent();
  const Finished both = RunAudit(kSomaxconn, low.name() + "," + high.name());
  EXPECT_EQ(both.code, 4) << both.errors;
  EXPECT_EQ(both.output,
            absl::StrCat("warning   somaxconn-min  net.core.somaxconn must be ≥ 1024  1 of 2 namespaces\n"
                         "          netns ",
                         low.name(), "  128\n"));
  const Finished clean = RunAudit(kSomaxconn, high.name());
  EXPECT_EQ(clean.code, 0) << clean.errors;
  EXPECT_EQ(clean.output, "ok        somaxconn-min  net.core.somaxconn must be ≥ 1024  1 namespace\n");
}

TEST_F(Audit, AnExceptionHoldsUntilItsDayIsOver) {
  const TestNetns low;
  ASSERT_TRUE(low.SetSysctl("net.core.somaxconn", "128").ok());
  StartAgent();
  const Finished tomorrow = RunAudit(WithException(low.name(), absl::Hours(24)), low.name());
  EXPECT_EQ(tomorrow.code, 0) << tomorrow.errors;
  EXPECT_THAT(tomorrow.output, HasSubstr("1 namespace, 1 excused\n"));
  const Finished yesterday = RunAudit(WithException(low.name(), -absl::Hours(24)), low.name());
  EXPECT_EQ(yesterday.code, 4) << yesterday.errors;
  EXPECT_THAT(yesterday.output, HasSubstr("1 of 1 namespace\n"));
  EXPECT_THAT(yesterday.output, HasSubstr("expired   somaxconn-min  an exception ended "));
}

TEST_F(Audit, WhatCannotBeReadOrIsNotKnownIsIncomplete) {
  const TestNetns netns;
  StartAgent();
  // Of what is no pod nobody knows what it declares.
  const Finished unread =
      RunAudit("rules: [{id: a, sysctl: net.core.somaxconn, equals-declared: true}]", netns.name());
  EXPECT_EQ(unread.code, 3) << unread.output;
  EXPECT_EQ(unread.errors, "The audit is incomplete: 1 namespace could not be read\n");
  // The node's own namespace alone has it.
  const Finished absent = RunAudit("rules: [{id: a, sysctl: net.ipv4.tcp_mem, equals: 1}]", netns.name());
  EXPECT_EQ(absent.code, 0) << absent.output;
  EXPECT_THAT(absent.output, StartsWith("unused "));
  const Finished unknown = RunAudit("rules: [{id: a, sysctl: net.core.nosuch, equals: 1}]", netns.name());
  EXPECT_EQ(unknown.code, 3) << unknown.output;
  EXPECT_EQ(unknown.output, "unknown   a  sysctl \"net.core.nosuch\" is not read by this server  -\n");
  const Finished error = RunAudit(
      "rules: [{id: a, sysctl: net.core.somaxconn, min: 1, select: {labels: app in web}}]", netns.name());
  EXPECT_EQ(error.code, 3) << error.output;
  EXPECT_THAT(error.output, HasSubstr("policy.yaml:1: read filter.label_selector: "));
}

TEST_F(Audit, ThePolicyToStartFromIsKnownInFull) {
  const TestNetns netns;
  const Finished print = RunProgram({LISTENQ_CLI, "audit", "--print-default"});
  ASSERT_EQ(print.code, 0) << print.errors;
  StartAgent();
  const Finished run = RunAudit(print.output, netns.name());
  EXPECT_NE(run.code, 3) << run.output << run.errors;
  EXPECT_EQ(run.errors, "");
  for (const char* word : {"unknown ", "error ", "unread "}) EXPECT_THAT(run.output, Not(HasSubstr(word)));
}

TEST_F(Audit, JunitIsXmlWhateverAProcessIsCalled) {
  LISTENQ_SKIP_UNLESS_TOOL("python3");
  const UnpinnedNetns hostile([] {
    if (prctl(PR_SET_NAME, "\033[2J\"'<&>]]>\001") != 0) _exit(1);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || listen(fd, 3) != 0) _exit(1);
  });
  StartAgent();
  const std::string policy = "rules: [{id: 'a<b>&\"', sysctl: net.core.somaxconn, equals: 1}]";
  const std::string inode = absl::StrCat(hostile.inode());
  const Finished junit = RunAudit(policy, inode, {"-o", "junit"});
  EXPECT_EQ(junit.code, 4) << junit.errors;
  const std::string file = folder_.Write("audit.xml", junit.output);
  const Finished parsed =
      RunProgram({"/usr/bin/python3", "-c",
                  "import sys, xml.etree.ElementTree as tree\n"
                  "root = tree.parse(sys.argv[1]).getroot()\n"
                  "print(root.get('failures'), root[0].get('name'), len(root[0]), root[0][0][0].tag)",
                  file});
  EXPECT_EQ(parsed.output, "1 a<b>&\" 1 failure\n") << parsed.errors;
  const Finished table = RunAudit(policy, inode, {"--color", "always"});
  EXPECT_THAT(table.output, HasSubstr("\\x1b[2J"));
  EXPECT_THAT(table.output, Not(HasSubstr("\033[2J")));
}

TEST_F(Audit, ReadsThePolicyFromStandardInput) {
  const TestNetns netns;
  ASSERT_TRUE(netns.SetSysctl("net.core.somaxconn", "128").ok());
  StartAgent();
  const std::string audit =
      absl::StrCat(LISTENQ_CLI, " --server ", Socket(), " audit -f - --netns ", netns.name());
  const Finished run = RunProgram({"/bin/sh", "-c", absl::StrCat("echo '", kSomaxconn, "' | ", audit)});
  EXPECT_EQ(run.code, 4) << run.errors;
  const Finished bad = RunProgram({"/bin/sh", "-c", absl::StrCat("echo 'rules: 1' | ", audit)});
  EXPECT_EQ(bad.code, 2);
  EXPECT_EQ(bad.errors, "listenq: <stdin>:1: rules: must be a list, like [a, b]\n");
}

}  // namespace
}  // namespace listenq::test
