#include "agent/analyze/rules/abort_on_overflow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/analyze/rules/world.h"

namespace listenq::analyze {
namespace {

using model::Severity;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

World WithAbort(const std::string& value) {
  World world;
  world.ns->sysctls = SysctlsWith({{"net.ipv4.tcp_abort_on_overflow", value}});
  world.SetIncreases({{"TcpExtEmbryonicRsts", 2}});
  return world;
}

TEST(AbortOnOverflow, OverflowsAreSeenAsResets) {
  World world = WithAbort("1");
  world.AddEpisode({.accept_queue_full = 3}, 10, {Share(1, 3, 3, 129)});
  const auto findings = world.Find(kAbortOnOverflow);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_EQ(findings[0].since, At(kNow - 70));
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtListenOverflows"), "3");
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtEmbryonicRsts"), "2");
  EXPECT_EQ(EvidenceValue(findings[0], "net.ipv4.tcp_abort_on_overflow"), "1");
  EXPECT_THAT(findings[0].fix, HasSubstr("net.ipv4.tcp_abort_on_overflow=\"0\""));
  EXPECT_THAT(findings[0].no_help, HasSubstr("the queue overflows all the same"));
}

TEST(AbortOnOverflow, OncePerNamespace) {
  World world = WithAbort("1");
  world.AddEpisode({.accept_queue_full = 3}, 10);
  world.AddEpisode({.accept_queue_full = 3}, 100);
  EXPECT_THAT(world.Find(kAbortOnOverflow), SizeIs(1));
}

TEST(AbortOnOverflow, SilentWithoutOverflows) {
  World world = WithAbort("1");
  world.AddEpisode({.other = 3}, 10);
  EXPECT_THAT(world.Find(kAbortOnOverflow), IsEmpty());
}

TEST(AbortOnOverflow, SilentWhereItIsOff) {
  World world = WithAbort("0");
  world.AddEpisode({.accept_queue_full = 3}, 10);
  EXPECT_THAT(world.Find(kAbortOnOverflow), IsEmpty());
}

}  // namespace
}  // namespace listenq::analyze
