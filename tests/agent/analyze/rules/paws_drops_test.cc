#include "agent/analyze/rules/paws_drops.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/analyze/rules/world.h"

namespace listenq::analyze {
namespace {

using model::Severity;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Before Linux 4.12.
TEST(PawsDrops, RejectedSynsAreLosses) {
  World world;
  world.SetIncreases({{"TcpExtPAWSPassive", 1}});
  const auto findings = world.Find(kPawsDrops);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kCritical);
  EXPECT_EQ(findings[0].since, At(kNow - 600));
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtPAWSPassive"), "1");
  EXPECT_THAT(findings[0].fix, HasSubstr("net.ipv4.tcp_tw_recycle=\"0\""));
  EXPECT_EQ(findings[0].no_help, "a larger backlog");
}

// Later kernels.
TEST(PawsDrops, OtherRejectionsAreGoodToKnow) {
  World world;
  world.SetIncreases({{"TcpExtPAWSEstab", 6}, {"TcpExtPAWSActive", 0}, {"TcpExtPAWSTimewait", 4}});
  const auto findings = world.Find(kPawsDrops);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kInfo);
  EXPECT_THAT(findings[0].explanation, HasSubstr("10 segments"));
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtPAWSEstab"), "6");
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtPAWSTimewait"), "4");
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtPAWSActive"), "");
  EXPECT_THAT(findings[0].fix, HasSubstr("TIME_WAIT"));
}

TEST(PawsDrops, TimeWaitIsNamedOnlyWhereItIsCounted) {
  World world;
  world.SetIncreases({{"TcpExtPAWSEstab", 50}});
  const auto findings = world.Find(kPawsDrops);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].fix, ::testing::Not(HasSubstr("TIME_WAIT")));
}

TEST(PawsDrops, NeverAdvisesTwRecycle) {
  World world;
  world.SetIncreases({{"TcpExtPAWSPassive", 50}, {"TcpExtPAWSEstab", 50}, {"TcpExtPAWSActive", 50}});
  for (const model::Finding& finding : world.Find(kPawsDrops)) {
    EXPECT_THAT(finding.fix, ::testing::Not(HasSubstr("tcp_tw_recycle=\"1\"")));
  }
}

TEST(PawsDrops, SilentForAFew) {
  World world;
  world.SetIncreases({{"TcpExtPAWSPassive", 0}, {"TcpExtPAWSEstab", 9}});
  EXPECT_THAT(world.Find(kPawsDrops), IsEmpty());
}

}  // namespace
}  // namespace listenq::analyze
