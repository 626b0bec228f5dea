#include "agent/analyze/rules/sysctl_not_in_force.h"

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

World Declared(const std::map<std::string, std::string>& declared,
               const std::vector<std::pair<std::string, std::string>>& values) {
  World world;
  world.SetOwner(PodOwner());
  world.ns->declared_sysctls = std::make_shared<const std::map<std::string, std::string>>(declared);
  world.ns->sysctls = SysctlsWith(values);
  world.ns->sysctls_time = At(kNow - 20);
  return world;
}

TEST(SysctlNotInForce, DeclaredOtherwiseIsAWarning) {
  World world = Declared({{"net.core.somaxconn", "1024"}, {"net.ipv4.tcp_fin_timeout", "30"}},
                         {{"net.core.somaxconn", "128"}, {"net.ipv4.tcp_fin_timeout", "60"}});
  const auto findings = world.Find(kSysctlNotInForce);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_EQ(findings[0].since, At(0));
  EXPECT_EQ(EvidenceValue(findings[0], "net.core.somaxconn"), "128");
  EXPECT_EQ(EvidenceValue(findings[0], "net.core.somaxconn as declared"), "1024");
  EXPECT_EQ(EvidenceValue(findings[0], "net.ipv4.tcp_fin_timeout as declared"), "30");
  EXPECT_THAT(findings[0].explanation,
              HasSubstr("Not in force as declared: net.core.somaxconn, net.ipv4.tcp_fin_timeout."));
}

TEST(SysctlNotInForce, SilentWhenOnlySpacesDiffer) {
  World world = Declared({{"net.ipv4.ip_local_port_range", "1024\t65000 "}},
                         {{"net.ipv4.ip_local_port_range", "1024 65000"}});
  EXPECT_THAT(world.Find(kSysctlNotInForce), IsEmpty());
}

TEST(SysctlNotInForce, SilentAboutWhatCantBeRead) {
  World world = Declared({{"kernel.shm_rmid_forced", "1"}, {"net.core.somaxconn", "1024"}}, {});
  EXPECT_THAT(world.Find(kSysctlNotInForce), IsEmpty());
  world.ns->sysctls = nullptr;
  EXPECT_THAT(world.Find(kSysctlNotInForce), IsEmpty());
}

// It may have been read before the runtime wrote it.
TEST(SysctlNotInForce, SilentWhenTheNamespaceWasNewAtTheReading) {
  World world = Declared({{"net.core.somaxconn", "1024"}}, {{"net.core.somaxconn", "4096"}});
  world.ns->sysctls_time = At(29);  // first seen at 0
  EXPECT_THAT(world.Find(kSysctlNotInForce), IsEmpty());
  world.ns->sysctls_time = At(30);
  EXPECT_THAT(world.Find(kSysctlNotInForce), SizeIs(1));
}

// ---- a tuned node

// The node has more than the namespace; each value matters here.
World TunedNode() {
  World world = Declared({}, {{"net.core.somaxconn", "4096"},
                              {"net.ipv4.tcp_max_syn_backlog", "256"},
                              {"net.ipv4.tcp_syncookies", "0"},
                              {"net.ipv4.ip_local_port_range", "32768 60999"}});
  world.AddHost({{"net.core.somaxconn", "65535"},
                 {"net.ipv4.tcp_max_syn_backlog", "8192"},
                 {"net.ipv4.ip_local_port_range", "1024 65000"}});
  world.AddListener(1, LimitState::kSomaxconn, 4096);
  world.SetIncreases({{"TcpActiveOpens", 3}});
  return world;
}

TEST(SysctlNotInForce, NodesTuningIsToldOnce) {
  World world = TunedNode();
  const auto findings = world.Find(kSysctlNotInForce);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].ns, world.ns.get());
  EXPECT_EQ(findings[0].severity, Severity::kInfo);
  EXPECT_EQ(EvidenceValue(findings[0], "net.core.somaxconn"), "4096");
  EXPECT_EQ(EvidenceValue(findings[0], "net.core.somaxconn on the node"), "65535");
  EXPECT_EQ(EvidenceValue(findings[0], "net.ipv4.tcp_max_syn_backlog on the node"), "8192");
  EXPECT_EQ(EvidenceValue(findings[0], "net.ipv4.ip_local_port_range on the node"), "1024 65000");
  EXPECT_THAT(findings[0].fix, HasSubstr("{name: net.ipv4.ip_local_port_range, value: \"1024 65000\"}"));
  EXPECT_EQ(findings[0].no_help, "/etc/sysctl.d on the node");
}

TEST(SysctlNotInForce, SilentAboutWhatWasDeclared) {
  World world = TunedNode();
  world.ns->declared_sysctls = std::make_shared<const std::map<std::string, std::string>>(
      std::map<std::string, std::string>{{"net.core.somaxconn", "4096"},
                                         {"net.ipv4.tcp_max_syn_backlog", "256"},
                                         {"net.ipv4.ip_local_port_range", "32768 60999"}});
  EXPECT_THAT(world.Find(kSysctlNotInForce), IsEmpty());
}

// Another value would change nothing: a backlog of its own, cookies, no connections of its own.
TEST(SysctlNotInForce, SilentWhereTheValueDoesNotMatter) {
  World world = TunedNode();
  world.ns->sysctls = SysctlsWith({{"net.core.somaxconn", "4096"},
                                   {"net.ipv4.tcp_max_syn_backlog", "256"},
                                   {"net.ipv4.tcp_syncookies", "1"},
                                   {"net.ipv4.ip_local_port_range", "32768 60999"}});
  world.ns->listeners[0].limit_state = LimitState::kApplication;
  world.SetIncreases({{"TcpActiveOpens", 0}});
  EXPECT_THAT(world.Find(kSysctlNotInForce), IsEmpty());
}

TEST(SysctlNotInForce, SilentWhereTheNamespaceHasMore) {
  World world = TunedNode();
  world.AddHost({{"net.core.somaxconn", "128"},
                 {"net.ipv4.tcp_max_syn_backlog", "128"},
                 {"net.ipv4.ip_local_port_range", "40000 50000"}});
  EXPECT_THAT(world.Find(kSysctlNotInForce), IsEmpty());
}

TEST(SysctlNotInForce, LoweredBelowTheDefaultIsNotTheNodesTuning) {
  World world = TunedNode();
  world.AddHost({{"net.ipv4.ip_local_port_range", "32768 60999"}});
  world.ns->sysctls = SysctlsWith({{"net.ipv4.ip_local_port_range", "40000 40029"}});
  const auto findings = world.Find(kSysctlNotInForce);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].explanation, ::testing::EndsWith("Something has lowered it in this namespace."));
  EXPECT_EQ(findings[0].no_help, "");
}

TEST(SysctlNotInForce, SilentWithoutANodeToCompareWith) {
  World world = TunedNode();
  world.host = nullptr;
  EXPECT_THAT(world.Find(kSysctlNotInForce), IsEmpty());
}

}  // namespace
}  // namespace listenq::analyze
