#include "agent/analyze/rules/process_walls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/analyze/rules/memory_walls.h"
#include "tests/agent/analyze/rules/world.h"

namespace listenq::analyze {
namespace {

using model::Severity;
using Kind = model::WallId::Kind;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(ProcessWalls, KilledProcessesAreCounted) {
  World world;
  world.AddWall(Kind::kMemory, {.hits = 40, .oom_kills = 2}).used = 10;
  const auto findings = world.Find(kMemoryWalls);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_EQ(findings[0].since, At(kNow - 100));
  EXPECT_EQ(EvidenceValue(findings[0], "its counter"), "40");
  EXPECT_EQ(EvidenceValue(findings[0], "oom_kill"), "2");
  EXPECT_EQ(EvidenceValue(findings[0], "limit"), "1000");
  EXPECT_EQ(findings[0].explanation,
            "The memory of cgroup /pod was used up, and the kernel killed 2 processes in it.");
  EXPECT_THAT(findings[0].fix, HasSubstr("resources.limits.memory"));
}

TEST(ProcessWalls, NamesTheContainer) {
  World world;
  model::Owner owner = PodOwner();
  owner.container = "web";
  owner.container_id = "c1";
  world.SetOwner(owner);
  world.AddWall(Kind::kMemory, {.oom_kills = 1}).container_id = "c1";
  EXPECT_THAT(world.Find(kMemoryWalls).at(0).explanation,
              HasSubstr("The memory of container web was used up"));
}

TEST(ProcessWalls, MemoryAtItsLimitWithoutPageCacheIsAWarning) {
  World world;
  model::Wall& wall = world.AddWall(Kind::kMemory, {.hits = 1});
  wall.used = 900;
  EXPECT_THAT(world.Find(kMemoryWalls), SizeIs(1));
  wall.used = 899;
  EXPECT_THAT(world.Find(kMemoryWalls), IsEmpty()) << "page cache fills what is left, as it should";
  wall.used = 950;
  wall.increase.by.hits = 0;
  EXPECT_THAT(world.Find(kMemoryWalls), IsEmpty()) << "near, but never hit";
}

TEST(ProcessWalls, FailedForksAreCounted) {
  World world;
  world.AddWall(Kind::kPids, {.hits = 1}, 50).used = 50;
  const auto findings = world.Find(kMemoryWalls);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].explanation,
            "The tasks of cgroup /pod reached their limit of 50: 1 fork or new thread failed.");
  EXPECT_EQ(EvidenceValue(findings[0], "used"), "50");
  EXPECT_THAT(findings[0].fix, HasSubstr("podPidsLimit"));
}

TEST(ProcessWalls, TasksAtTheirLimitThatNobodyHitAreNone) {
  World world;
  world.AddWall(Kind::kPids, {}, 50).used = 50;
  EXPECT_THAT(world.Find(kMemoryWalls), IsEmpty());
}

TEST(ProcessWalls, ThrottlingAloneIsNone) {
  World world;
  world.AddWall(Kind::kCpu, {.hits = 100, .periods = 100});
  EXPECT_THAT(world.Find(kMemoryWalls), IsEmpty());
}

TEST(ProcessWalls, BeanCountersNameResourceAndContainer) {
  World world;
  world.AddWall(Kind::kBeanCounter, {.hits = 3}).id.name = "101 numtcpsock";
  const auto findings = world.Find(kMemoryWalls);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].explanation,
            "OpenVZ refused numtcpsock to container 101 3 times: it is at its limit.");
  EXPECT_THAT(findings[0].fix, HasSubstr("vzctl set 101 --numtcpsock"));
  world.Acceptors().walls[0].increase.by.hits = 0;
  EXPECT_THAT(world.Find(kMemoryWalls), IsEmpty());
}

TEST(ProcessWalls, DescriptorsFrom95PercentOn) {
  World world;
  model::Listener& listener = world.AddListener(1, model::LimitState::kApplication);
  world.AddAcceptor(listener, 12, 'S');
  model::Acceptor& acceptor = world.Acceptors().processes[0];
  acceptor.fds_full_since = At(kNow - 30);
  acceptor.open_fds = 971;
  EXPECT_THAT(world.Find(kMemoryWalls), IsEmpty());
  acceptor.open_fds = 972;
  auto findings = world.Find(kMemoryWalls);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_EQ(findings[0].since, At(kNow - 30));
  EXPECT_EQ(EvidenceValue(findings[0], "open files of their limit"), "972 of 1024");
  EXPECT_THAT(findings[0].explanation, HasSubstr("app (pid 12) has 972 of 1024 descriptors open."));
  acceptor.open_fds = 1024;
  findings = world.Find(kMemoryWalls);
  EXPECT_EQ(findings.at(0).severity, Severity::kCritical);
}

TEST(ProcessWalls, WorstProcessStandsForAll) {
  World world;
  model::Listener& listener = world.AddListener(1, model::LimitState::kApplication);
  world.AddAcceptor(listener, 12, 'S').open_fds = 1000;
  world.AddAcceptor(listener, 13, 'S').open_fds = 1024;
  for (model::Acceptor& acceptor : world.Acceptors().processes) acceptor.fds_full_since = At(kNow - 30);
  const auto findings = world.Find(kMemoryWalls);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].explanation, HasSubstr("pid 13"));
  EXPECT_EQ(EvidenceValue(findings[0], "processes with so many"), "2");
}

TEST(ProcessWalls, UnlimitedDescriptorsAreNeverUsedUp) {
  World world;
  model::Listener& listener = world.AddListener(1, model::LimitState::kApplication);
  world.AddAcceptor(listener, 12, 'S').fd_limit = UINT64_MAX;
  EXPECT_THAT(world.Find(kMemoryWalls), IsEmpty());
}

}  // namespace
}  // namespace listenq::analyze
