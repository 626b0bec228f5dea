#include "agent/analyze/rules/memory_walls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/analyze/rules/world.h"

namespace listenq::analyze {
namespace {

using model::Severity;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

World WithTcpMemory(uint32_t pages) {
  World world;
  world.AddHost({{"net.ipv4.tcp_mem", "100 200 400"}});
  world.host->sockets.tcp_memory_pages = pages;
  world.host->counters_time = At(kNow - 3);
  // The same numbers in every namespace, should a kernel show them there.
  world.ns->sysctls = world.host->sysctls;
  world.ns->sockets.tcp_memory_pages = pages;
  return world;
}

TEST(MemoryWalls, PressureIsAWarningOfTheNode) {
  World world = WithTcpMemory(200);
  const auto findings = world.Find(kMemoryWalls);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].ns, world.host.get());
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_EQ(findings[0].since, At(kNow - 3));
  EXPECT_EQ(EvidenceValue(findings[0], "sockstat TCP mem"), "200");
  EXPECT_EQ(EvidenceValue(findings[0], "net.ipv4.tcp_mem"), "100 200 400");
  EXPECT_THAT(findings[0].fix, HasSubstr("net.ipv4.tcp_mem=\"300 400 600\" on the node"));
}

TEST(MemoryWalls, HighIsCritical) {
  EXPECT_EQ(WithTcpMemory(400).Find(kMemoryWalls).at(0).severity, Severity::kCritical);
  EXPECT_EQ(WithTcpMemory(399).Find(kMemoryWalls).at(0).severity, Severity::kWarning);
}

TEST(MemoryWalls, SilentBelowPressure) { EXPECT_THAT(WithTcpMemory(199).Find(kMemoryWalls), IsEmpty()); }

TEST(MemoryWalls, SilentWhereTcpMemIsNone) {
  for (const char* text : {"", "1 2", "1 2 x", "1 2 3 4"}) {
    World world = WithTcpMemory(400);
    world.host->sysctls = SysctlsWith({{"net.ipv4.tcp_mem", text}});
    EXPECT_THAT(world.Find(kMemoryWalls), IsEmpty()) << text;
  }
}

std::vector<model::Finding> FindUdp(uint64_t errors, uint64_t datagrams) {
  World world;
  world.SetIncreases({{"UdpRcvbufErrors", errors}, {"UdpInDatagrams", datagrams}});
  return world.Find(kMemoryWalls);
}

TEST(MemoryWalls, LostDatagramsAreCounted) {
  const auto findings = FindUdp(10, 991);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kInfo);
  EXPECT_EQ(findings[0].since, At(kNow - 600));
  EXPECT_EQ(EvidenceValue(findings[0], "UdpRcvbufErrors"), "10");
  EXPECT_THAT(findings[0].explanation, HasSubstr("10 of 1001 datagrams"));
  EXPECT_THAT(findings[0].fix, HasSubstr("SO_RCVBUF"));
}

TEST(MemoryWalls, OneInAHundredIsAWarning) { EXPECT_EQ(FindUdp(10, 990).at(0).severity, Severity::kWarning); }

TEST(MemoryWalls, SilentForAFewDatagrams) { EXPECT_THAT(FindUdp(9, 0), IsEmpty()); }

}  // namespace
}  // namespace listenq::analyze
