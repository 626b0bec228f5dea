#include "agent/analyze/rules/backlog_too_small.h"

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

// An nginx that asked for 511, and lost three attempts.
World SmallBacklog() {
  World world;
  world.ns->sysctls = SysctlsWith({{"net.core.somaxconn", "4096"}});
  SetProcess(world.AddListener(1, LimitState::kApplication, 511), "nginx");
  world.AddEpisode({.accept_queue_full = 3}, 10, {Share(1, 3, 3, 512)});
  return world;
}

TEST(BacklogTooSmall, OverflowBelowSomaxconnIsTheApplications) {
  World world = SmallBacklog();
  const auto findings = world.Find(kBacklogTooSmall);
  ASSERT_THAT(findings, SizeIs(1));
  const model::Finding& finding = findings[0];
  EXPECT_EQ(finding.rule_id, "backlog-too-small");
  EXPECT_EQ(finding.severity, Severity::kCritical);
  EXPECT_EQ(finding.listener, &world.ns->listeners[0]);
  EXPECT_EQ(finding.since, At(kNow - 70));
  EXPECT_EQ(EvidenceValue(finding, "TcpExtListenOverflows"), "3");
  EXPECT_EQ(EvidenceValue(finding, "limit"), "511");
  EXPECT_EQ(EvidenceValue(finding, "net.core.somaxconn"), "4096");
  EXPECT_EQ(finding.explanation,
            "The accept queue overflowed, and the application itself asked for a backlog of only 511; the "
            "namespace would allow 4096.");
  EXPECT_THAT(finding.fix, HasSubstr("listen 80 backlog=4096;"));
  EXPECT_THAT(finding.no_help, HasSubstr("net.core.somaxconn"));
  EXPECT_THAT(finding.price, HasSubstr("4096 waiting connections"));
}

TEST(BacklogTooSmall, WhatIsOverIsAWarning) {
  World world = SmallBacklog();
  world.episodes[0].last = world.episodes[0].shares[0].last = At(kNow - 300);
  const auto findings = world.Find(kBacklogTooSmall);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
}

TEST(BacklogTooSmall, AdvisesNoMoreThan65535) {
  World world = SmallBacklog();
  world.ns->sysctls = SysctlsWith({{"net.core.somaxconn", "1000000"}});
  EXPECT_THAT(world.Find(kBacklogTooSmall)[0].fix, HasSubstr("backlog=65535;"));
}

TEST(BacklogTooSmall, OnlyTheFullOneOfTwo) {
  World world = SmallBacklog();
  world.AddListener(2, LimitState::kApplication, 511);
  world.episodes.clear();
  world.AddEpisode({.accept_queue_full = 2}, 10, {Share(1, 0, 2, 512), Share(2, 0, 2, 40)});
  const auto findings = world.Find(kBacklogTooSmall);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].listener, &world.ns->listeners[0]);
}

// sk_drops moved, but ListenDrops did not: there is no episode.
TEST(BacklogTooSmall, SilentWithoutAListenDrop) {
  World world = SmallBacklog();
  world.episodes.clear();
  world.ns->listeners[0].reading.sk_drops = 40;
  world.ns->listeners[0].peak_queue = 511;
  EXPECT_THAT(world.Find(kBacklogTooSmall), IsEmpty());
}

TEST(BacklogTooSmall, SilentWhenTheSynQueueLostThem) {
  World world = SmallBacklog();
  world.episodes[0].counts = {.syn_queue_full = 3};
  EXPECT_THAT(world.Find(kBacklogTooSmall), IsEmpty());
}

TEST(BacklogTooSmall, SilentWhenSomethingElseBoundsTheQueue) {
  for (const LimitState state : {LimitState::kUnknown, LimitState::kSomaxconn, LimitState::kLatched}) {
    World world = SmallBacklog();
    world.ns->listeners[0].limit_state = state;
    EXPECT_THAT(world.Find(kBacklogTooSmall), IsEmpty());
  }
}

TEST(BacklogTooSmall, SilentAfterAQuarterOfAnHour) {
  World world = SmallBacklog();
  world.episodes[0].last = At(kNow - 16 * 60);
  EXPECT_THAT(world.Find(kBacklogTooSmall), IsEmpty());
}

}  // namespace
}  // namespace listenq::analyze
