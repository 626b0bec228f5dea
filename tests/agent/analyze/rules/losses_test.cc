#include "agent/analyze/rules/losses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/analyze/rules/world.h"

namespace listenq::analyze {
namespace {

// What a listener with the limit 128 lost by these episodes.
std::optional<Loss> LossOf(const World& world, uint64_t cookie) {
  model::Listener listener;
  listener.reading = Socket(cookie);
  const Case the_case = {
      .snapshot = world.snapshot, .ns = *world.ns, .episodes = world.episodes, .now = At(kNow)};
  return OverflowLoss(the_case, listener);
}

TEST(Losses, ExactShareIsALoss) {
  World world;
  world.AddEpisode({.accept_queue_full = 3}, 10, {Share(1, 3, 3, 129)});
  const std::optional<Loss> loss = LossOf(world, 1);
  ASSERT_TRUE(loss.has_value());
  EXPECT_EQ(loss->drops, (model::DropBounds{.min = 3, .max = 3}));
  EXPECT_EQ(loss->last, At(kNow - 10));
  EXPECT_EQ(loss->peak_queue, 129u);
}

TEST(Losses, WithoutOverflowsThereIsNone) {
  World world;
  world.AddEpisode({.other = 3}, 10, {Share(1, 3, 3)});
  EXPECT_FALSE(LossOf(world, 1).has_value());
}

TEST(Losses, AnotherListenersShareIsNoneOfThis) {
  World world;
  world.AddEpisode({.accept_queue_full = 3}, 10, {Share(2, 3, 3, 129)});
  EXPECT_FALSE(LossOf(world, 1).has_value());
}

TEST(Losses, OfTwoThatMayHaveLostThemTheFullOneDid) {
  World world;
  world.AddEpisode({.accept_queue_full = 2}, 10, {Share(1, 0, 2, 129), Share(2, 0, 2, 128)});
  EXPECT_TRUE(LossOf(world, 1).has_value());
  EXPECT_FALSE(LossOf(world, 2).has_value());
}

TEST(Losses, InferredIsLikelyEnough) {
  World world;
  world.AddEpisode({.accept_queue_full = 2}, 10, {Share(1, 0, 2)}).shares[0].drops.inferred = 2;
  EXPECT_TRUE(LossOf(world, 1).has_value());
}

// Three of its own by another cause, and two overflows that may be anybody's.
TEST(Losses, WhatOtherCausesExplainIsNoOverflow) {
  World world;
  world.AddEpisode({.accept_queue_full = 2, .syn_queue_full = 3}, 10, {Share(1, 3, 5), Share(2, 0, 2)});
  EXPECT_FALSE(LossOf(world, 1).has_value());
  world.episodes[0].shares[0].drops.min = 4;
  EXPECT_TRUE(LossOf(world, 1).has_value());
}

TEST(Losses, NewestEpisodeWithOverflowsCounts) {
  World world;
  world.AddEpisode({.other = 1}, 5, {Share(1, 1, 1)});
  world.AddEpisode({.accept_queue_full = 4}, 100, {Share(1, 4, 4)});
  world.AddEpisode({.accept_queue_full = 9}, 500, {Share(1, 9, 9)});
  EXPECT_EQ(LossOf(world, 1)->drops.min, 4u);
}

TEST(Losses, SeverityTellsWhetherItGoesOn) {
  EXPECT_EQ(SeverityOf(At(kNow - 59), At(kNow)), model::Severity::kCritical);
  EXPECT_EQ(SeverityOf(At(kNow - 60), At(kNow)), model::Severity::kWarning);
}

TEST(Losses, EvidenceNamesCountersQueueAndLimit) {
  World world;
  world.AddEpisode({.accept_queue_full = 7}, 10, {Share(1, 3, 7, 129)});
  model::Listener listener;
  listener.reading = Socket(1);
  const auto evidence = EvidenceOf(*LossOf(world, 1), listener);
  EXPECT_THAT(evidence,
              ::testing::ElementsAre(
                  model::Evidence{.name = "TcpExtListenOverflows", .value = "7", .window = absl::Minutes(1)},
                  model::Evidence{
                      .name = "listen drops of this listener", .value = "3 to 7", .window = absl::Minutes(1)},
                  model::Evidence{.name = "highest queue", .value = "129"},
                  model::Evidence{.name = "limit", .value = "128"}));
}

}  // namespace
}  // namespace listenq::analyze
