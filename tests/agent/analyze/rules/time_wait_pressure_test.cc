#include "agent/analyze/rules/time_wait_pressure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/analyze/rules/world.h"

namespace listenq::analyze {
namespace {

using model::Severity;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

World WithTimeWait(uint32_t count, const std::string& max) {
  World world;
  world.SetOwner(PodOwner());
  world.ns->sysctls = SysctlsWith({{"net.ipv4.tcp_max_tw_buckets", max}});
  world.ns->sockets.time_wait = count;
  world.ns->counters_time = At(kNow - 3);
  world.SetIncreases({{"TcpExtTCPTimeWaitOverflow", 0}});
  return world;
}

TEST(TimeWaitPressure, NearTheBoundIsGoodToKnow) {
  World world = WithTimeWait(900, "1000");
  const auto findings = world.Find(kTimeWaitPressure);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kInfo);
  EXPECT_EQ(findings[0].since, At(kNow - 3));
  EXPECT_EQ(EvidenceValue(findings[0], "sockstat TCP tw"), "900");
  EXPECT_EQ(EvidenceValue(findings[0], "net.ipv4.tcp_max_tw_buckets"), "1000");
  EXPECT_THAT(findings[0].fix, HasSubstr("keep-alive"));
  EXPECT_THAT(findings[0].fix, HasSubstr("{name: net.ipv4.tcp_max_tw_buckets, value: \"4000\"}"));
  EXPECT_THAT(findings[0].price, HasSubstr("4000 TIME_WAIT sockets hold about 1.0 MiB"));
  EXPECT_THAT(findings[0].no_help, HasSubstr("tcp_fin_timeout"));
}

TEST(TimeWaitPressure, BeyondItIsAWarning) {
  World world = WithTimeWait(10, "1000");
  world.SetIncreases({{"TcpExtTCPTimeWaitOverflow", 7}});
  const auto findings = world.Find(kTimeWaitPressure);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_EQ(findings[0].since, At(kNow - 600));
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtTCPTimeWaitOverflow"), "7");
}

TEST(TimeWaitPressure, OverflowSpeaksForItselfWhereTheBoundIsHidden) {
  World world = WithTimeWait(10, "1000");
  world.ns->sysctls = nullptr;
  world.SetIncreases({{"TcpExtTCPTimeWaitOverflow", 7}});
  const auto findings = world.Find(kTimeWaitPressure);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].fix, ::testing::Not(HasSubstr("tcp_max_tw_buckets")));
}

TEST(TimeWaitPressure, SilentBelow) {
  EXPECT_THAT(WithTimeWait(899, "1000").Find(kTimeWaitPressure), IsEmpty());
}

TEST(TimeWaitPressure, SilentWhereNobodyWantsAny) {
  World world = WithTimeWait(0, "0");
  world.SetIncreases({{"TcpExtTCPTimeWaitOverflow", 7}});
  EXPECT_THAT(world.Find(kTimeWaitPressure), IsEmpty());
}

}  // namespace
}  // namespace listenq::analyze
