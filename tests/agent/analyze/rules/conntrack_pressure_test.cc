#include "agent/analyze/rules/conntrack_pressure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/analyze/rules/world.h"

namespace listenq::analyze {
namespace {

using model::Severity;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

World WithEntries(const std::string& count, const std::string& max) {
  World world;
  world.ns->sysctls =
      SysctlsWith({{"net.netfilter.nf_conntrack_count", count}, {"net.netfilter.nf_conntrack_max", max}});
  world.ns->sysctls_time = At(kNow - 30);
  return world;
}

TEST(ConntrackPressure, NearTheLimitIsAWarning) {
  World world = WithEntries("800", "1000");
  const auto findings = world.Find(kConntrackPressure);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_EQ(findings[0].since, At(kNow - 30));
  EXPECT_EQ(EvidenceValue(findings[0], "net.netfilter.nf_conntrack_count"), "800");
  EXPECT_EQ(EvidenceValue(findings[0], "net.netfilter.nf_conntrack_max"), "1000");
  EXPECT_THAT(findings[0].explanation, HasSubstr("holds 800 of 1000 entries"));
  EXPECT_THAT(findings[0].fix, HasSubstr("sysctl -w net.netfilter.nf_conntrack_max=2000 on the node"));
  EXPECT_THAT(findings[0].no_help, HasSubstr("the limit is the node's"));
}

TEST(ConntrackPressure, NearlyFullIsCritical) {
  EXPECT_EQ(WithEntries("950", "1000").Find(kConntrackPressure).at(0).severity, Severity::kCritical);
  EXPECT_EQ(WithEntries("949", "1000").Find(kConntrackPressure).at(0).severity, Severity::kWarning);
}

TEST(ConntrackPressure, NodesLimitCountsWhereTheNamespaceShowsNone) {
  World world = WithEntries("900", "");
  world.AddHost({{"net.netfilter.nf_conntrack_max", "1000"}, {"net.netfilter.nf_conntrack_count", "1"}});
  const auto findings = world.Find(kConntrackPressure);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].ns, world.ns.get());
}

TEST(ConntrackPressure, SilentBelow) {
  EXPECT_THAT(WithEntries("799", "1000").Find(kConntrackPressure), IsEmpty());
}

TEST(ConntrackPressure, SilentWithoutALimit) {
  EXPECT_THAT(WithEntries("800", "0").Find(kConntrackPressure), IsEmpty());
  EXPECT_THAT(WithEntries("800", "").Find(kConntrackPressure), IsEmpty());
}

// Each namespace counts for itself.
TEST(ConntrackPressure, SilentForANamespaceOfAFullNode) {
  World world = WithEntries("3", "1000");
  world.AddHost({{"net.netfilter.nf_conntrack_max", "1000"}, {"net.netfilter.nf_conntrack_count", "999"}});
  const auto findings = world.Find(kConntrackPressure);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].ns, world.host.get());
  EXPECT_EQ(findings[0].no_help, "");
}

}  // namespace
}  // namespace listenq::analyze
