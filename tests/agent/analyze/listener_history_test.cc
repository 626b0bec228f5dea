#include "agent/analyze/listener_history.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/agent/analyze/builders.h"

namespace listenq::analyze {
namespace {

int64_t Ms(double seconds) { return absl::ToUnixMillis(At(seconds)); }
constexpr int64_t kEver = std::numeric_limits<int64_t>::min();

TEST(ListenerHistory, KeepsOnlyChanges) {
  ListenerHistory history(Socket(1, 5), Ms(0));
  const size_t idle_bytes = history.HeapBytes();
  for (int i = 1; i < 1000; ++i) history.Record(Socket(1, 5), Ms(i));
  EXPECT_EQ(history.HeapBytes(), idle_bytes);
  history.Record(Socket(1, 6, 2), Ms(1000));
  const std::vector<Sample> samples = history.Since(kEver);
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].time, At(0));
  EXPECT_EQ(samples[0].queue, 5u);
  EXPECT_EQ(samples[1].time, At(1000));
  EXPECT_EQ(samples[1].queue, 6u);
  EXPECT_EQ(samples[1].sk_drops, 2u);
}

TEST(ListenerHistory, AbsentDropsAreNotZero) {
  model::ListenerReading reading = Socket(1);
  reading.sk_drops.reset();
  ListenerHistory history(reading, Ms(0));
  EXPECT_EQ(history.Since(kEver).at(0).sk_drops, std::nullopt);
  history.Record(Socket(1, 0, 0), Ms(1));
  EXPECT_EQ(history.Since(kEver).at(1).sk_drops, 0u);
}

TEST(ListenerHistory, BeginsWithWhatStoodAtSince) {
  ListenerHistory history(Socket(1, 5), Ms(0));
  history.Record(Socket(1, 6), Ms(10));
  history.Record(Socket(1, 7), Ms(20));
  const std::vector<Sample> samples = history.Since(Ms(15));
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].time, At(15));
  EXPECT_EQ(samples[0].queue, 6u);
  EXPECT_EQ(samples[1].time, At(20));
}

TEST(ListenerHistory, DropsStandWithTheirIntervalsEnd) {
  ListenerHistory history(Socket(1, 5), Ms(0));
  history.Record(Socket(1, 6), Ms(10));
  history.AddDrops({.min = 1, .max = 2}, Ms(10));
  history.AddDrops({.min = 3, .max = 4}, Ms(12));
  history.Record(Socket(1, 7), Ms(20));
  const std::vector<Sample> samples = history.Since(kEver);
  ASSERT_EQ(samples.size(), 4u);
  EXPECT_EQ(samples[0].drops_max, 0u);
  EXPECT_EQ(samples[1].time, At(10));
  EXPECT_EQ(samples[1].drops_min, 1u);
  EXPECT_EQ(samples[1].drops_max, 2u);
  EXPECT_EQ(samples[2].time, At(12));
  EXPECT_EQ(samples[2].queue, 6u);
  EXPECT_EQ(samples[2].drops_min, 3u);
  EXPECT_EQ(samples[2].drops_max, 4u);
  EXPECT_EQ(samples[3].time, At(20));
  EXPECT_EQ(samples[3].drops_max, 0u);
  EXPECT_EQ(history.Since(Ms(11)).at(0).drops_max, 0u) << "drops before `since` are not in it";
}

TEST(ListenerHistory, ExpireKeepsWhatStillStands) {
  ListenerHistory history(Socket(1, 0), Ms(0));
  for (uint32_t i = 1; i <= 100; ++i) history.Record(Socket(1, i), Ms(i));
  history.Expire(Ms(90.5));
  const std::vector<Sample> samples = history.Since(kEver);
  ASSERT_EQ(samples.size(), 11u);
  EXPECT_EQ(samples[0].time, At(90));
  EXPECT_FALSE(history.TruncatedSince(kEver)) << "age is no truncation";
  history.Expire(Ms(1000));
  EXPECT_EQ(history.Since(kEver).size(), 1u);
  EXPECT_EQ(history.HeapBytes(), 0u);
}

TEST(ListenerHistory, CutRemembersWhatIsMissing) {
  ListenerHistory history(Socket(1, 0), Ms(0));
  for (uint32_t i = 1; i <= 100; ++i) history.Record(Socket(1, i), Ms(i));
  history.Cut(Ms(50));
  EXPECT_EQ(history.Since(kEver).at(0).time, At(50));
  EXPECT_TRUE(history.TruncatedSince(Ms(40)));
  EXPECT_FALSE(history.TruncatedSince(Ms(50)));
  ListenerHistory idle(Socket(2), Ms(0));
  idle.Cut(Ms(50));
  EXPECT_FALSE(idle.TruncatedSince(kEver)) << "it lost nothing";
}

TEST(ListenerHistory, GoneUntilSeenAgain) {
  ListenerHistory history(Socket(1, 3), Ms(0));
  history.MarkGone(Socket(1, 3), Ms(5));
  ASSERT_NE(history.gone(), nullptr);
  EXPECT_EQ(history.gone()->time_ms, Ms(5));
  history.Record(Socket(1, 3), Ms(6));
  EXPECT_EQ(history.gone(), nullptr);
}

}  // namespace
}  // namespace listenq::analyze
