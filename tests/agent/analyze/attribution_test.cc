#include "agent/analyze/attribution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <random>

namespace listenq::model {

void PrintTo(const DropBounds& drops, std::ostream* out) {
  *out << "[" << drops.min << ", " << drops.max << "] inferred " << drops.inferred;
}
void PrintTo(const DropCounts& counts, std::ostream* out) {
  *out << counts.accept_queue_full << "/" << counts.syn_queue_full << "/" << counts.probably_syn_queue << "/"
       << counts.other;
}

}  // namespace listenq::model

namespace listenq::analyze {
namespace {

using model::DropBounds;
using model::DropCounts;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// All three differences of ListenDrops alike: nothing was dropped between the looks and the dumps.
IntervalInput Interval(uint64_t drops, uint64_t overflows, std::vector<MovedListener> moved) {
  return {.drops_inner = drops,
          .drops_outer = drops,
          .drops = drops,
          .overflows = overflows,
          .syncookies = 1,
          .moved = std::move(moved)};
}

// One row of what makes which counter move, with one listener.
struct Row {
  const char* what;
  uint32_t sk_drops;
  uint64_t drops;
  uint64_t overflows;
  uint64_t req_queue_full;
  uint64_t syncookies;
  DropCounts counts;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.what; }

class KernelCases : public ::testing::TestWithParam<Row> {};

TEST_P(KernelCases, OneListenerIsExact) {
  const Row& row = GetParam();
  IntervalInput interval = Interval(row.drops, row.overflows, {{0, row.sk_drops, false}});
  if (row.sk_drops == 0) interval.moved.clear();
  interval.req_queue_full = row.req_queue_full;
  interval.syncookies = row.syncookies;
  const IntervalDrops drops = AttributeDrops(interval);
  EXPECT_EQ(drops.counts, row.counts);
  EXPECT_EQ(drops.unattributed, 0u);
  if (row.drops == 0) {
    EXPECT_THAT(drops.shares, IsEmpty());
  } else {
    ASSERT_THAT(drops.shares, SizeIs(1));
    EXPECT_EQ(drops.shares[0].drops, (DropBounds{.min = row.drops, .max = row.drops}));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, KernelCases,
    ::testing::Values(Row{"healthy listener, SYN repeated", 3, 0, 0, 0, 1, {}},
                      Row{"TCP_DEFER_ACCEPT, bare ACKs", 3, 0, 0, 0, 1, {}},
                      Row{"socket filter refuses", 5, 0, 0, 0, 1, {}}, Row{"stray flags", 3, 0, 0, 0, 1, {}},
                      Row{"client resets in SYN_RECV", 1, 0, 0, 0, 1, {}},
                      Row{"accept queue full at the SYN", 3, 3, 3, 0, 1, {.accept_queue_full = 3}},
                      Row{"accept queue full at the third ACK", 4, 2, 2, 0, 1, {.accept_queue_full = 2}},
                      Row{"SYN queue full without cookies", 5, 5, 0, 5, 0, {.syn_queue_full = 5}},
                      Row{"tcp_max_syn_backlog without cookies", 13, 13, 0, 0, 0, {.probably_syn_queue = 13}},
                      Row{"SYN queue full with cookies", 0, 0, 0, 0, 1, {}},
                      Row{"SYN lost to a full accept queue though DoCookies counted",
                          6,
                          6,
                          6,
                          0,
                          1,
                          {.accept_queue_full = 6}},
                      Row{"cookie ACKs beyond a full accept queue", 5, 5, 5, 0, 1, {.accept_queue_full = 5}},
                      Row{"no route back", 4, 4, 0, 0, 1, {.other = 4}},
                      Row{"ICMP host unreachable", 1, 1, 0, 0, 1, {.other = 1}},
                      Row{"forged ACKs with a bad cookie", 0, 0, 0, 0, 1, {}}));

TEST(AttributeDrops, NoiseWithoutListenDropsIsNothing) {
  const IntervalDrops drops = AttributeDrops(Interval(0, 0, {{0, 100, true}, {1, 7, false}}));
  EXPECT_EQ(drops.counts.total(), 0u);
  EXPECT_THAT(drops.shares, IsEmpty());
  EXPECT_EQ(drops.unattributed, 0u);
}

TEST(AttributeDrops, OneFullAndOneNoisyIsBounded) {
  const IntervalDrops drops = AttributeDrops(Interval(2, 2, {{7, 2, true}, {9, 4, false}}));
  ASSERT_THAT(drops.shares, SizeIs(2));
  EXPECT_EQ(drops.shares[0].index, 7u);
  EXPECT_EQ(drops.shares[0].drops, (DropBounds{.min = 0, .max = 2, .inferred = 2}));
  EXPECT_EQ(drops.shares[1].index, 9u);
  EXPECT_EQ(drops.shares[1].drops, (DropBounds{.min = 0, .max = 2}));
  EXPECT_EQ(drops.unattributed, 2u);
}

TEST(AttributeDrops, NoiseSmallerThanTheDropsLeavesAMinimum) {
  const IntervalDrops drops = AttributeDrops(Interval(10, 10, {{0, 12, true}, {1, 3, false}}));
  ASSERT_THAT(drops.shares, SizeIs(2));
  EXPECT_EQ(drops.shares[0].drops, (DropBounds{.min = 7, .max = 10, .inferred = 3}));
  EXPECT_EQ(drops.shares[1].drops, (DropBounds{.min = 0, .max = 3}));
  EXPECT_EQ(drops.unattributed, 3u);
}

TEST(AttributeDrops, TwoListenersThatMovedByTheDropsAreBothExact) {
  const IntervalDrops drops = AttributeDrops(Interval(5, 5, {{0, 2, true}, {1, 3, true}}));
  ASSERT_THAT(drops.shares, SizeIs(2));
  EXPECT_EQ(drops.shares[0].drops, (DropBounds{.min = 2, .max = 2}));
  EXPECT_EQ(drops.shares[1].drops, (DropBounds{.min = 3, .max = 3}));
  EXPECT_EQ(drops.unattributed, 0u);
}

TEST(AttributeDrops, NothingIsInferredWhenTwoWereFull) {
  const IntervalDrops drops = AttributeDrops(Interval(2, 2, {{0, 2, true}, {1, 4, true}}));
  ASSERT_THAT(drops.shares, SizeIs(2));
  EXPECT_EQ(drops.shares[0].drops.inferred, 0u);
  EXPECT_EQ(drops.shares[1].drops.inferred, 0u);
}

TEST(AttributeDrops, OnlyOverflowsAreInferred) {
  const IntervalDrops drops = AttributeDrops(Interval(6, 2, {{0, 6, true}, {1, 9, false}}));
  ASSERT_THAT(drops.shares, SizeIs(2));
  EXPECT_EQ(drops.shares[0].drops, (DropBounds{.min = 0, .max = 6, .inferred = 2}));
}

TEST(AttributeDrops, AChangedSetHasNoMinimum) {
  IntervalInput interval = Interval(3, 3, {{0, 3, false}});
  interval.listener_set_changed = true;
  const IntervalDrops drops = AttributeDrops(interval);
  ASSERT_THAT(drops.shares, SizeIs(1));
  EXPECT_EQ(drops.shares[0].drops, (DropBounds{.min = 0, .max = 3}));
  EXPECT_EQ(drops.unattributed, 3u);
}

TEST(AttributeDrops, DropsOfNoKnownListenerAreUnattributed) {
  const IntervalDrops drops = AttributeDrops(Interval(4, 4, {}));
  EXPECT_EQ(drops.counts, DropCounts{.accept_queue_full = 4});
  EXPECT_THAT(drops.shares, IsEmpty());
  EXPECT_EQ(drops.unattributed, 4u);
}

TEST(AttributeDrops, MoreDropsThanAllMovedProvesAnUnseenListener) {
  const IntervalDrops drops = AttributeDrops(Interval(9, 9, {{0, 3, false}, {1, 2, false}}));
  ASSERT_THAT(drops.shares, SizeIs(2));
  EXPECT_EQ(drops.shares[0].drops, (DropBounds{.min = 0, .max = 3}));
  EXPECT_EQ(drops.shares[1].drops, (DropBounds{.min = 0, .max = 2}));
  EXPECT_EQ(drops.unattributed, 9u);
}

TEST(AttributeDrops, InnerDifferenceForMinOuterForMax) {
  IntervalInput interval = Interval(5, 5, {{0, 20, false}});
  interval.drops_inner = 4;
  interval.drops_outer = 7;
  const IntervalDrops drops = AttributeDrops(interval);
  ASSERT_THAT(drops.shares, SizeIs(1));
  EXPECT_EQ(drops.shares[0].drops, (DropBounds{.min = 4, .max = 7}));
  EXPECT_EQ(drops.unattributed, 1u);
}

TEST(AttributeDrops, CausesNeverExceedTheDrops) {
  IntervalInput interval = Interval(4, 6, {});
  interval.req_queue_full = 3;
  EXPECT_EQ(AttributeDrops(interval).counts, DropCounts{.accept_queue_full = 4});
  interval.overflows = 3;
  EXPECT_EQ(AttributeDrops(interval).counts, (DropCounts{.accept_queue_full = 3, .syn_queue_full = 1}));
}

TEST(AttributeDrops, TheRestIsOtherUnlessCookiesAreKnownToBeOff) {
  IntervalInput interval = Interval(4, 1, {});
  interval.syncookies.reset();
  EXPECT_EQ(AttributeDrops(interval).counts, (DropCounts{.accept_queue_full = 1, .other = 3}));
  interval.syncookies = 2;
  EXPECT_EQ(AttributeDrops(interval).counts, (DropCounts{.accept_queue_full = 1, .other = 3}));
  interval.syncookies = 0;
  EXPECT_EQ(AttributeDrops(interval).counts, (DropCounts{.accept_queue_full = 1, .probably_syn_queue = 3}));
}

// Against a kernel that is simulated: the truth lies within every bound.
TEST(AttributeDrops, BoundsHoldTheTruth) {
  std::mt19937 random(7);
  const auto below = [&](uint32_t n) { return static_cast<uint32_t>(random() % n); };
  for (int round = 0; round < 20000; ++round) {
    std::vector<uint64_t> truth(1 + below(4));
    IntervalInput interval{.syncookies = 1};
    for (size_t i = 0; i < truth.size(); ++i) {
      truth[i] = below(5);
      interval.drops += truth[i];
      const uint32_t noise = below(2) * below(6);
      if (truth[i] + noise > 0) {
        interval.moved.push_back({i, static_cast<uint32_t>(truth[i] + noise), below(2) == 0});
      }
    }
    const uint64_t at_the_start = below(3);  // counted after the first dump but before its second look
    const uint64_t unseen = below(8) == 0 ? below(4) : 0;
    interval.listener_set_changed = unseen > 0;
    interval.drops += unseen;
    interval.drops_inner = interval.drops;
    interval.drops_outer = interval.drops + at_the_start;
    const IntervalDrops drops = AttributeDrops(interval);
    uint64_t sum_of_min = 0;
    for (const ListenerShare& share : drops.shares) {
      EXPECT_LE(share.drops.min, truth[share.index]);
      EXPECT_GE(share.drops.max, truth[share.index]);
      EXPECT_LE(share.drops.min + share.drops.inferred, share.drops.max);
      sum_of_min += share.drops.min;
    }
    EXPECT_EQ(drops.unattributed, interval.drops - sum_of_min);
    EXPECT_EQ(drops.counts.total(), interval.drops);
  }
}

}  // namespace
}  // namespace listenq::analyze
