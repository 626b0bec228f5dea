#include "agent/analyze/rules/loss_is_not_here.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/analyze/rules/world.h"

namespace listenq::analyze {
namespace {

using model::Severity;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::map<std::string, uint64_t> Repeats() {
  return {{"TcpExtTCPSynRetrans", 50},
          {"TcpExtListenDrops", 0},
          {"TcpPassiveOpens", 1000},
          {"TcpActiveOpens", 0},
          {"TcpExtTCPDeferAcceptDrop", 0}};
}

std::vector<model::Finding> FindIn(const std::map<std::string, uint64_t>& increases) {
  World world;
  world.SetIncreases(increases);
  return world.Find(kLossIsNotHere);
}

TEST(LossIsNotHere, RepeatsWithoutListenDrops) {
  World world;
  world.SetIncreases(Repeats());
  const auto findings = world.Find(kLossIsNotHere);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kInfo);
  EXPECT_EQ(findings[0].since, At(kNow - 600));
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtTCPSynRetrans"), "50");
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtListenDrops"), "0");
  EXPECT_EQ(EvidenceValue(findings[0], "TcpPassiveOpens"), "1000");
  EXPECT_THAT(findings[0].explanation, HasSubstr("SYN-ACKs were repeated 50 times"));
  EXPECT_EQ(findings[0].no_help, "a larger backlog");
}

TEST(LossIsNotHere, OwnConnectionsMayBeTheOnesRepeated) {
  auto increases = Repeats();
  increases["TcpActiveOpens"] = 10;
  increases["TcpExtTCPSynRetrans"] = 60;
  EXPECT_THAT(FindIn(increases).at(0).explanation, HasSubstr("SYNs or SYN-ACKs"));
}

TEST(LossIsNotHere, LeastThatFires) {
  auto increases = Repeats();
  increases["TcpPassiveOpens"] = 100;
  increases["TcpExtTCPSynRetrans"] = 20;
  EXPECT_THAT(FindIn(increases), SizeIs(1));
  increases["TcpExtTCPSynRetrans"] = 19;
  EXPECT_THAT(FindIn(increases), IsEmpty());
}

struct Change {
  const char* why;
  const char* counter;
  uint64_t by;
};

TEST(LossIsNotHere, SilentWhen) {
  const Change changes[] = {{"a listener lost some", "TcpExtListenDrops", 1},
                            {"few connections came", "TcpPassiveOpens", 99},
                            {"it is a small part", "TcpPassiveOpens", 1001},
                            {"it is a small part of its own", "TcpActiveOpens", 1},
                            {"TCP_DEFER_ACCEPT explains them", "TcpExtTCPDeferAcceptDrop", 1}};
  for (const Change& change : changes) {
    auto increases = Repeats();
    ASSERT_THAT(FindIn(increases), SizeIs(1));
    increases[change.counter] = change.by;
    EXPECT_THAT(FindIn(increases), IsEmpty()) << change.why;
  }
}

TEST(LossIsNotHere, SilentWhereTheKernelDoesNotCount) {
  for (const char* counter : {"TcpExtTCPSynRetrans", "TcpExtListenDrops"}) {
    auto increases = Repeats();
    increases.erase(counter);
    EXPECT_THAT(FindIn(increases), IsEmpty()) << counter;
  }
}

// It may be newer than the last reading of all counters.
TEST(LossIsNotHere, SilentWithAnEpisode) {
  World world;
  world.SetIncreases(Repeats());
  world.AddEpisode({.accept_queue_full = 1}, 1);
  EXPECT_THAT(world.Find(kLossIsNotHere), IsEmpty());
}

}  // namespace
}  // namespace listenq::analyze
