#include "agent/analyze/rules/port_range_pressure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/analyze/rules/world.h"

namespace listenq::analyze {
namespace {

using model::Severity;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

model::DestinationPorts Towards(uint32_t ports, uint32_t time_wait) {
  return {.address = {.bytes = {10, 0, 7, 12}}, .port = 5432, .ports_in_use = ports, .time_wait = time_wait};
}

// 1,000 ports, 100 of them reserved.
World WithPorts(const std::vector<model::DestinationPorts>& destinations) {
  World world;
  world.SetOwner(PodOwner());
  world.ns->sysctls = SysctlsWith({{"net.ipv4.ip_local_port_range", "20000 20999"},
                                   {"net.ipv4.ip_local_reserved_ports", "20100-20199"},
                                   {"net.ipv4.tcp_tw_reuse", "2"},
                                   {"net.ipv4.tcp_timestamps", "1"}});
  world.ns->port_use = std::make_shared<const model::PortUse>(
      model::PortUse{.time = At(kNow - 30), .destinations = destinations});
  return world;
}

TEST(PortRangePressure, SeventyPercentIsAWarning) {
  World world = WithPorts({Towards(630, 100)});
  const auto findings = world.Find(kPortRangePressure);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_EQ(findings[0].since, At(kNow - 30));
  EXPECT_THAT(
      findings[0].explanation,
      HasSubstr("630 of the 900 ephemeral ports (70%) are taken towards 10.0.7.12:5432, 100 of them"));
  EXPECT_EQ(EvidenceValue(findings[0], "ports to 10.0.7.12:5432"), "630");
  EXPECT_EQ(EvidenceValue(findings[0], "TIME_WAIT to 10.0.7.12:5432"), "100");
  EXPECT_EQ(EvidenceValue(findings[0], "net.ipv4.ip_local_port_range"), "20000 20999");
  EXPECT_EQ(EvidenceValue(findings[0], "net.ipv4.ip_local_reserved_ports"), "20100-20199");
  EXPECT_THAT(findings[0].fix, HasSubstr("{name: net.ipv4.ip_local_port_range, value: \"1024 65535\"}"));
  EXPECT_THAT(findings[0].fix, Not(HasSubstr("allowedUnsafeSysctls"))) << "it is a safe one";
  EXPECT_THAT(findings[0].fix, Not(HasSubstr("tcp_tw_reuse"))) << "most ports are held by live connections";
}

TEST(PortRangePressure, NinetyPercentIsCritical) {
  World world = WithPorts({Towards(810, 0)});
  const auto findings = world.Find(kPortRangePressure);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kCritical);
}

TEST(PortRangePressure, TimeWaitCanBeReusedWhereBothEndsUseTimestamps) {
  World world = WithPorts({Towards(800, 700)});
  auto findings = world.Find(kPortRangePressure);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].fix, HasSubstr("{name: net.ipv4.tcp_tw_reuse, value: \"1\"}"));
  EXPECT_THAT(findings[0].fix, HasSubstr("where both ends use TCP timestamps"));

  world.ns->sysctls = SysctlsWith({{"net.ipv4.ip_local_port_range", "20000 20999"},
                                   {"net.ipv4.tcp_tw_reuse", "2"},
                                   {"net.ipv4.tcp_timestamps", "0"}});
  findings = world.Find(kPortRangePressure);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].fix, Not(HasSubstr("tcp_tw_reuse"))) << "it needs timestamps";
}

TEST(PortRangePressure, AWholeRangeIsNotWidened) {
  World world = WithPorts({Towards(64000, 0)});
  world.ns->sysctls = SysctlsWith({{"net.ipv4.ip_local_port_range", "1024 65535"}});
  const auto findings = world.Find(kPortRangePressure);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].fix, Not(HasSubstr("ip_local_port_range")));
}

TEST(PortRangePressure, EachDestinationBeyondHasItsOwn) {
  World world = WithPorts({Towards(700, 0), Towards(650, 0), Towards(629, 0)});
  EXPECT_THAT(world.Find(kPortRangePressure), SizeIs(2));
}

TEST(PortRangePressure, SilentBelow) {
  EXPECT_THAT(WithPorts({Towards(629, 600)}).Find(kPortRangePressure), IsEmpty());
}

TEST(PortRangePressure, SilentWhenTheCountIsOldOrMissing) {
  World world = WithPorts({});
  world.ns->port_use = std::make_shared<const model::PortUse>(
      model::PortUse{.time = At(kNow - 181), .destinations = {Towards(900, 0)}});
  EXPECT_THAT(world.Find(kPortRangePressure), IsEmpty());
  world.ns->port_use = nullptr;
  EXPECT_THAT(world.Find(kPortRangePressure), IsEmpty());
}

TEST(PortRangePressure, SilentWhereTheRangeIsNotKnown) {
  World world = WithPorts({Towards(900, 0)});
  world.ns->sysctls = nullptr;
  EXPECT_THAT(world.Find(kPortRangePressure), IsEmpty());
}

TEST(MayLackPorts, CountsAllTcpSocketsThatMayHoldAPort) {
  World world = WithPorts({});
  world.ns->sockets = {.tcp_in_use = 300, .tcp6_in_use = 30, .time_wait = 300};
  EXPECT_TRUE(MayLackPorts(*world.ns));
  world.ns->sockets.time_wait = 299;
  EXPECT_FALSE(MayLackPorts(*world.ns));
  world.ns->sockets.time_wait = 1000;
  world.ns->sysctls = nullptr;
  EXPECT_FALSE(MayLackPorts(*world.ns));
}

}  // namespace
}  // namespace listenq::analyze
