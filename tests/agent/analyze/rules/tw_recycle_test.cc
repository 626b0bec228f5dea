#include "agent/analyze/rules/tw_recycle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/analyze/rules/world.h"

namespace listenq::analyze {
namespace {

using model::Severity;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(TwRecycle, OnIsAWarning) {
  World world;
  world.ns->sysctls = SysctlsWith({{"net.ipv4.tcp_tw_recycle", "1"}});
  const auto findings = world.Find(kTwRecycle);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_EQ(findings[0].since, At(0));
  EXPECT_EQ(EvidenceValue(findings[0], "net.ipv4.tcp_tw_recycle"), "1");
  EXPECT_THAT(findings[0].fix, HasSubstr("net.ipv4.tcp_tw_recycle=\"0\""));
}

TEST(TwRecycle, SilentWhereItIsOff) {
  World world;
  world.ns->sysctls = SysctlsWith({{"net.ipv4.tcp_tw_recycle", "0"}});
  EXPECT_THAT(world.Find(kTwRecycle), IsEmpty());
}

TEST(TwRecycle, SilentWhereTheKernelHasNone) {
  World world;
  world.ns->sysctls = SysctlsWith({{"net.ipv4.tcp_tw_reuse", "1"}});
  EXPECT_THAT(world.Find(kTwRecycle), IsEmpty());
}

}  // namespace
}  // namespace listenq::analyze
