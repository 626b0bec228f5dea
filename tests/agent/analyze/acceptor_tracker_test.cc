#include "agent/analyze/acceptor_tracker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/agent/analyze/builders.h"

namespace listenq::analyze {
namespace {

using Kind = model::WallId::Kind;
using ::testing::IsEmpty;
using ::testing::SizeIs;

model::Wall WallOf(Kind kind, model::WallHits total) {
  model::Wall wall;
  wall.id = {.kind = kind, .name = "/a"};
  wall.total = total;
  return wall;
}

model::Acceptor Process(uint32_t pid, char state, uint64_t open_fds = 1) {
  model::Acceptor acceptor;
  acceptor.pid = pid;
  acceptor.state = state;
  acceptor.open_fds = open_fds;
  acceptor.fd_limit = 100;
  return acceptor;
}

class AcceptorTrackerTest : public ::testing::Test {
 protected:
  std::shared_ptr<const model::Acceptors> Read(double seconds, model::Acceptors reading, bool all = true,
                                               std::vector<model::Process> asked = {}) {
    for (const model::Acceptor& acceptor : reading.processes) asked.push_back({.pid = acceptor.pid});
    return tracker_.Apply(std::move(reading), asked, all, At(seconds));
  }
  model::WallIncrease ReadWall(double seconds, Kind kind, model::WallHits total) {
    return Read(seconds, {.walls = {WallOf(kind, total)}})->walls.at(0).increase;
  }

  AcceptorTracker tracker_;
};

TEST_F(AcceptorTrackerTest, StateLastsUntilAnotherIsSeen) {
  EXPECT_EQ(Read(1, {.processes = {Process(7, 'T')}})->processes.at(0).state_since, At(1));
  EXPECT_EQ(Read(9, {.processes = {Process(7, 'T')}})->processes.at(0).state_since, At(1));
  EXPECT_EQ(Read(10, {.processes = {Process(7, 'S')}})->processes.at(0).state_since, At(10));
}

TEST_F(AcceptorTrackerTest, FullDescriptorsAreTimedFrom95Percent) {
  EXPECT_EQ(Read(1, {.processes = {Process(7, 'S', 94)}})->processes.at(0).fds_full_since,
            absl::InfinitePast());
  EXPECT_EQ(Read(2, {.processes = {Process(7, 'S', 95)}})->processes.at(0).fds_full_since, At(2));
  EXPECT_EQ(Read(3, {.processes = {Process(7, 'S', 100)}})->processes.at(0).fds_full_since, At(2));
}

TEST_F(AcceptorTrackerTest, PartialReadingLeavesTheOthers) {
  Read(1, {.processes = {Process(7, 'S'), Process(8, 'S')}, .walls = {WallOf(Kind::kPids, {})}});
  const auto both = Read(2, {.processes = {Process(8, 'D')}}, /*all=*/false);
  ASSERT_THAT(both->processes, SizeIs(2));
  EXPECT_EQ(both->processes[0].pid, 7u);
  EXPECT_EQ(both->processes[1].state, 'D');
  EXPECT_THAT(both->walls, SizeIs(1));
}

TEST_F(AcceptorTrackerTest, WhoWasAskedForAndIsNotThereIsGone) {
  Read(1, {.processes = {Process(7, 'S'), Process(8, 'S')}});
  EXPECT_THAT(Read(2, {}, /*all=*/false, {{.pid = 7}})->processes, SizeIs(1));
}

TEST_F(AcceptorTrackerTest, FullReadingForgetsTheOthers) {
  Read(1, {.processes = {Process(7, 'S')}, .walls = {WallOf(Kind::kPids, {})}});
  const auto none = Read(2, {});
  EXPECT_THAT(none->processes, IsEmpty());
  EXPECT_THAT(none->walls, IsEmpty());
}

TEST_F(AcceptorTrackerTest, WhatWasCountedBeforeIsNoIncrease) {
  EXPECT_EQ(ReadWall(0, Kind::kPids, {.hits = 100}).by, model::WallHits());
  const model::WallIncrease increase = ReadWall(60, Kind::kPids, {.hits = 103});
  EXPECT_EQ(increase.by.hits, 3u);
  EXPECT_EQ(increase.first, At(0)) << "it lies between two readings";
  EXPECT_EQ(increase.window, absl::Seconds(60));
}

TEST_F(AcceptorTrackerTest, IncreasesAreForgottenAfterAQuarterOfAnHour) {
  ReadWall(0, Kind::kMemory, {});
  ReadWall(60, Kind::kMemory, {.hits = 5, .oom_kills = 1});
  for (int minute = 2; minute < 15; ++minute)
    ReadWall(minute * 60, Kind::kMemory, {.hits = 6, .oom_kills = 1});
  EXPECT_EQ(ReadWall(15 * 60, Kind::kMemory, {.hits = 6, .oom_kills = 1}).by.oom_kills, 1u);
  EXPECT_EQ(ReadWall(16 * 60, Kind::kMemory, {.hits = 6, .oom_kills = 1}).by.oom_kills, 0u);
}

TEST_F(AcceptorTrackerTest, CpuIsOfTheLastTwoMinutes) {
  ReadWall(0, Kind::kCpu, {});
  ReadWall(60, Kind::kCpu, {.hits = 50, .periods = 100});
  ReadWall(120, Kind::kCpu, {.hits = 60, .periods = 200});
  const model::WallIncrease increase = ReadWall(180, Kind::kCpu, {.hits = 61, .periods = 300});
  EXPECT_EQ(increase.by, (model::WallHits{.hits = 11, .periods = 200}));
}

TEST_F(AcceptorTrackerTest, CounterThatWentDownIsANewBeginning) {
  ReadWall(0, Kind::kPids, {.hits = 5});
  ReadWall(60, Kind::kPids, {.hits = 9});
  EXPECT_EQ(ReadWall(120, Kind::kPids, {.hits = 2}).by, model::WallHits());
  EXPECT_EQ(ReadWall(180, Kind::kPids, {.hits = 3}).by.hits, 1u);
}

}  // namespace
}  // namespace listenq::analyze
