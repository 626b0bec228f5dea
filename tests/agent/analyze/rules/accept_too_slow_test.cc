#include "agent/analyze/rules/accept_too_slow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/analyze/rules/backlog_too_small.h"
#include "agent/analyze/rules/limit_latched.h"
#include "agent/analyze/rules/somaxconn_clamp.h"
#include "tests/agent/analyze/rules/world.h"

namespace listenq::analyze {
namespace {

using model::Severity;
using Kind = model::WallId::Kind;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// A listener with a full queue that lost 31 attempts, the last one `age` seconds ago.
struct SlowWorld : World {
  explicit SlowWorld(double age = 10, model::LimitState state = model::LimitState::kApplication) {
    ns->sysctls = SysctlsWith({{"net.core.somaxconn", "4096"}});
    model::Listener& slow = AddListener(1, state, 128, 129);
    slow.reading.queue = 129;
    AddEpisode({.accept_queue_full = 31}, age, {Share(1, 31, 31, 129)});
    SetLag(slow, {.high_since = At(kNow - 180), .high_until = absl::InfiniteFuture()});
  }
  model::Listener& listener() { return ns->listeners[0]; }
};

TEST(AcceptTooSlow, NamesQueueLossesAndWhoSharesIt) {
  SlowWorld world;
  world.AddAcceptor(world.listener(), 12, 'S');
  world.AddAcceptor(world.listener(), 13, 'R');
  const auto findings = world.Find(kAcceptTooSlow);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kCritical);
  EXPECT_EQ(findings[0].listener, &world.listener());
  EXPECT_EQ(findings[0].since, At(kNow - 180));
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtListenOverflows"), "31");
  EXPECT_EQ(EvidenceValue(findings[0], "queue"), "129");
  EXPECT_EQ(EvidenceValue(findings[0], "limit"), "128");
  EXPECT_EQ(EvidenceValue(findings[0], "queue at 80 % of its limit or above for"), "3m");
  EXPECT_EQ(EvidenceValue(findings[0], "processes that share it"), "2: app (pid 12), app (pid 13)");
  EXPECT_EQ(EvidenceValue(findings[0], "open files of their limit"), "10 of 1024");
  EXPECT_THAT(findings[0].explanation, HasSubstr("Neither a CPU limit of its cgroup nor its descriptors"));
  EXPECT_THAT(findings[0].fix, HasSubstr("more workers or threads"));
  EXPECT_THAT(findings[0].no_help, HasSubstr("a larger backlog"));
}

TEST(AcceptTooSlow, SaysWhenNothingCouldBeMeasured) {
  SlowWorld world;
  const auto findings = world.Find(kAcceptTooSlow);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(EvidenceValue(findings[0], "processes that share it"), "not known");
  EXPECT_THAT(findings[0].explanation, HasSubstr("is not known: its processes could not be read."));
}

TEST(AcceptTooSlow, BlamesCpuThrottling) {
  SlowWorld world;
  const model::Wall& wall = world.AddWall(Kind::kCpu, {.hits = 10, .periods = 100}, 200);
  world.AddAcceptor(world.listener(), 12, 'R').walls = {wall.id};
  auto findings = world.Find(kAcceptTooSlow);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(EvidenceValue(findings[0], "its counter"), "10 of 100 periods");
  EXPECT_THAT(findings[0].explanation,
              HasSubstr("Its cgroup /pod was out of CPU time in 10 of 100 periods: its limit is 0.2 CPUs."));
  EXPECT_THAT(findings[0].fix, HasSubstr("resources.limits.cpu"));
  // Less than a tenth is no cause.
  world.Acceptors().walls[0].increase.by.periods = 101;
  findings = world.Find(kAcceptTooSlow);
  EXPECT_THAT(findings.at(0).explanation, HasSubstr("Neither"));
}

TEST(AcceptTooSlow, ThrottlingOfOthersIsNoCause) {
  SlowWorld world;
  world.AddWall(Kind::kCpu, {.hits = 100, .periods = 100});
  world.AddAcceptor(world.listener(), 12, 'R');
  EXPECT_THAT(world.Find(kAcceptTooSlow).at(0).explanation, HasSubstr("Neither"));
}

TEST(AcceptTooSlow, NamesTheContainerThatIsThrottled) {
  SlowWorld world;
  model::Owner owner = PodOwner();
  owner.container = "web";
  owner.container_id = "c1";
  world.SetOwner(owner);
  model::Wall& wall = world.AddWall(Kind::kCpu, {.hits = 50, .periods = 100}, 1500);
  wall.container_id = "c1";
  world.AddAcceptor(world.listener(), 12, 'R').walls = {wall.id};
  EXPECT_THAT(
      world.Find(kAcceptTooSlow).at(0).explanation,
      HasSubstr("Its container web was out of CPU time in 50 of 100 periods: its limit is 1.5 CPUs."));
}

TEST(AcceptTooSlow, BlamesDescriptors) {
  SlowWorld world;
  world.AddAcceptor(world.listener(), 12, 'S').open_fds = 973;
  const auto findings = world.Find(kAcceptTooSlow);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(EvidenceValue(findings[0], "open files of their limit"), "973 of 1024");
  EXPECT_THAT(findings[0].explanation, HasSubstr("app (pid 12) has 973 of 1024 descriptors open"));
  EXPECT_THAT(findings[0].fix, HasSubstr("LimitNOFILE="));
}

TEST(AcceptTooSlow, ShortBurstIsNotItsOwn) {
  SlowWorld world;
  world.listener().lag = nullptr;
  EXPECT_THAT(world.Find(kAcceptTooSlow), IsEmpty());
}

TEST(AcceptTooSlow, HighQueueThatLosesNothingIsNone) {
  SlowWorld world;
  world.episodes.clear();
  EXPECT_THAT(world.Find(kAcceptTooSlow), IsEmpty());
}

TEST(AcceptTooSlow, LossThatCameAfterTheQueueWasHighIsNotItsOwn) {
  SlowWorld world(/*age=*/30);
  SetLag(world.listener(), {.high_since = At(kNow - 180), .high_until = At(kNow - 41)});
  EXPECT_THAT(world.Find(kAcceptTooSlow), IsEmpty());
  SetLag(world.listener(), {.high_since = At(kNow - 180), .high_until = At(kNow - 40)});
  EXPECT_THAT(world.Find(kAcceptTooSlow), SizeIs(1));
}

TEST(AcceptTooSlow, WhatIsOverIsAWarning) {
  SlowWorld world(/*age=*/100);
  EXPECT_EQ(world.Find(kAcceptTooSlow).at(0).severity, Severity::kWarning);
  SlowWorld emptied;
  SetLag(emptied.listener(), {.high_since = At(kNow - 180), .high_until = At(kNow - 5)});
  EXPECT_EQ(emptied.Find(kAcceptTooSlow).at(0).severity, Severity::kWarning);
}

TEST(AcceptTooSlow, LeavesTheWordToAcceptStopped) {
  SlowWorld world;
  model::AcceptLag lag = *world.listener().lag;
  lag.waiting_since = lag.no_accept_since = At(kNow - 20);
  SetLag(world.listener(), lag);
  EXPECT_THAT(world.Find(kAcceptTooSlow), IsEmpty());
}

// A reader who sees both is told one thing.
TEST(AcceptTooSlow, AdviceToEnlargeTheQueueComesAfterIt) {
  SlowWorld small;
  SlowWorld clamped(10, model::LimitState::kSomaxconn);
  SlowWorld latched(10, model::LimitState::kLatched);
  for (const auto& [world, rule] :
       {std::pair(&small, &kBacklogTooSmall), std::pair(&clamped, &kSomaxconnClamp),
        std::pair(&latched, &kLimitLatched)}) {
    SCOPED_TRACE(std::string(rule->id));
    auto findings = world->Find(*rule);
    ASSERT_THAT(findings, SizeIs(1));
    EXPECT_EQ(findings[0].severity, Severity::kWarning);
    EXPECT_THAT(findings[0].fix, HasSubstr("first what accept-too-slow or accept-stopped says"));
    EXPECT_THAT(findings[0].no_help, HasSubstr("this one never empties"));
    world->listener().lag = nullptr;
    findings = world->Find(*rule);
    ASSERT_THAT(findings, SizeIs(1));
    EXPECT_EQ(findings[0].severity, Severity::kCritical);
    EXPECT_THAT(findings[0].fix, Not(HasSubstr("accept-too-slow")));
  }
}

}  // namespace
}  // namespace listenq::analyze
