#include "agent/analyze/rules/limit_latched.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/analyze/rules/world.h"

namespace listenq::analyze {
namespace {

using model::LimitState;
using model::Severity;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// It began to listen when somaxconn was the limit.
World Latched(uint32_t limit, const std::string& somaxconn) {
  World world;
  world.ns->sysctls = SysctlsWith({{"net.core.somaxconn", somaxconn}});
  world.AddListener(1, LimitState::kLatched, limit);
  return world;
}

TEST(LimitLatched, RaisedSomaxconnNeedsARestart) {
  World world = Latched(128, "4096");
  const auto findings = world.Find(kLimitLatched);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kInfo);
  EXPECT_EQ(findings[0].listener, &world.ns->listeners[0]);
  EXPECT_EQ(findings[0].since, At(5));
  EXPECT_EQ(EvidenceValue(findings[0], "limit"), "128");
  EXPECT_EQ(EvidenceValue(findings[0], "net.core.somaxconn"), "4096");
  EXPECT_EQ(findings[0].explanation,
            "net.core.somaxconn was changed to 4096 after this socket began to listen. It keeps its limit of "
            "128.");
  EXPECT_THAT(findings[0].fix, HasSubstr("restart the listener"));
  EXPECT_EQ(findings[0].no_help, "changing the sysctl again");
}

TEST(LimitLatched, OverflowMakesItWorse) {
  World world = Latched(128, "4096");
  world.AddEpisode({.accept_queue_full = 3}, 10, {Share(1, 3, 3, 129)});
  const auto findings = world.Find(kLimitLatched);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kCritical);
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtListenOverflows"), "3");
}

// A restart alone would cut the queue.
TEST(LimitLatched, LoweredSomaxconnIsRaisedBeforeARestart) {
  World world = Latched(4096, "128");
  const auto findings = world.Find(kLimitLatched);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].fix, HasSubstr("sysctl -w net.core.somaxconn=\"4096\""));
  EXPECT_EQ(findings[0].no_help, "");
}

TEST(LimitLatched, SilentInEveryOtherState) {
  for (const LimitState state : {LimitState::kUnknown, LimitState::kSomaxconn, LimitState::kApplication}) {
    World world = Latched(128, "4096");
    world.ns->listeners[0].limit_state = state;
    EXPECT_THAT(world.Find(kLimitLatched), IsEmpty());
  }
}

TEST(LimitLatched, SilentWithoutSomaxconn) {
  World world = Latched(128, "4096");
  world.ns->sysctls = nullptr;
  EXPECT_THAT(world.Find(kLimitLatched), IsEmpty());
}

}  // namespace
}  // namespace listenq::analyze
