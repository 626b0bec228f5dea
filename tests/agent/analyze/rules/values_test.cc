#include "agent/analyze/rules/values.h"

#include <gtest/gtest.h>

#include "tests/agent/analyze/rules/world.h"

namespace listenq::analyze {
namespace {

TEST(Values, SysctlThatWasNotReadIsAbsent) {
  World world;
  EXPECT_EQ(SysctlText(*world.ns, "net.core.somaxconn"), nullptr);
  world.ns->sysctls = SysctlsWith({{"net.ipv4.tcp_mem", "1 2 3"}});
  EXPECT_EQ(SysctlText(*world.ns, "net.core.somaxconn"), nullptr);
  EXPECT_EQ(SysctlText(*world.ns, "net.core.nobody_reads_this"), nullptr);
  ASSERT_NE(SysctlText(*world.ns, "net.ipv4.tcp_mem"), nullptr);
  EXPECT_EQ(SysctlNumberOf(*world.ns, "net.ipv4.tcp_mem"), std::nullopt);
}

TEST(Values, IncreaseThatIsAbsentIsNull) {
  World world;
  EXPECT_EQ(IncreaseOf(*world.ns, "TcpExtPAWSEstab"), nullptr);
  world.SetIncreases({{"TcpExtPAWSEstab", 3}});
  EXPECT_EQ(IncreaseOf(*world.ns, "TcpExtPAWSActive"), nullptr);
  EXPECT_EQ(IncreaseBy(*world.ns, "TcpExtPAWSActive"), 0u);
  EXPECT_EQ(IncreaseEvidence(*world.ns, "TcpExtPAWSEstab"),
            (model::Evidence{.name = "TcpExtPAWSEstab", .value = "3", .window = absl::Minutes(15)}));
}

TEST(Values, SpacesAreFolded) {
  EXPECT_EQ(FoldSpaces(" 32768\t60999\n"), "32768 60999");
  EXPECT_EQ(FoldSpaces(""), "");
}

}  // namespace
}  // namespace listenq::analyze
