#include "agent/analyze/queue_watch.h"

#include <gtest/gtest.h>

#include "tests/agent/analyze/builders.h"

namespace listenq::analyze {
namespace {

using model::AcceptLag;

// One sample a second.
class QueueWatchTest : public ::testing::Test {
 protected:
  void Sample(uint32_t queue, int times = 1, uint32_t limit = 10) {
    for (int i = 0; i < times; ++i) watch_.AddSample(Socket(1, queue, 0, limit), At(now_++));
  }
  void Opens(uint64_t count) { watch_.AddOpens(count, At(now_ - 1)); }
  AcceptLag Lag() { return watch_.Lag(); }

  QueueWatch watch_;
  double now_ = 0;
};

TEST_F(QueueWatchTest, NothingStandsOutAtFirst) {
  Sample(11, 10);
  EXPECT_EQ(Lag(), AcceptLag());
}

TEST_F(QueueWatchTest, QueueThatStaysHighForTenSeconds) {
  Sample(7, 3);
  Sample(8, 11);
  EXPECT_EQ(Lag().high_since, At(3));
  EXPECT_TRUE(Lag().is_high());
}

TEST_F(QueueWatchTest, OneLowSampleBeginsAnew) {
  Sample(8, 9);
  Sample(7);
  Sample(8, 9);
  EXPECT_EQ(Lag().high_since, absl::InfinitePast());
}

TEST_F(QueueWatchTest, EndOfAHighQueueIsRemembered) {
  Sample(11, 20);
  Sample(0);
  EXPECT_EQ(Lag().high_since, At(0));
  EXPECT_EQ(Lag().high_until, At(20));
  Sample(0, 15 * 60);
  EXPECT_EQ(Lag().high_until, At(20));
  Sample(0);
  EXPECT_EQ(Lag(), AcceptLag());
}

TEST_F(QueueWatchTest, ShortHighQueueDoesNotHideALongOne) {
  Sample(11, 20);
  Sample(0, 5);
  Sample(11, 5);
  Sample(0);
  EXPECT_EQ(Lag().high_since, At(0));
}

TEST_F(QueueWatchTest, LimitOfZeroHoldsOne) {
  Sample(1, 11, /*limit=*/0);
  EXPECT_TRUE(Lag().is_high());
}

TEST_F(QueueWatchTest, WithoutALimitNoQueueIsHigh) {
  for (int i = 0; i < 20; ++i) {
    model::ListenerReading reading = Socket(1, 1000);
    reading.limit.reset();
    watch_.AddSample(reading, At(i));
  }
  EXPECT_EQ(Lag().high_since, absl::InfinitePast());
  EXPECT_TRUE(Lag().is_waiting());
}

TEST_F(QueueWatchTest, QueueThatDoesNotFall) {
  Sample(0, 5);
  Sample(2, 10);
  Sample(3);
  EXPECT_EQ(Lag().waiting_since, At(5));
  EXPECT_EQ(Lag().unchanged_since, absl::InfiniteFuture());
  Sample(3, 10);
  EXPECT_EQ(Lag().unchanged_since, At(15));
  Sample(2);
  EXPECT_FALSE(Lag().is_waiting());
}

TEST_F(QueueWatchTest, QueueThatTookAllNewConnectionsWasNotAcceptedFrom) {
  Sample(2);
  Opens(100);
  Sample(4, 5);
  Opens(102);
  EXPECT_EQ(Lag().no_accept_since, absl::InfiniteFuture()) << "5 seconds";
  Sample(4, 5);
  Opens(102);
  EXPECT_EQ(Lag().no_accept_since, At(0));
}

TEST_F(QueueWatchTest, ConnectionsThatWentElsewhereProveNothing) {
  Sample(2);
  Opens(100);
  Sample(2, 10);
  Opens(101);
  EXPECT_EQ(Lag().no_accept_since, absl::InfiniteFuture());
  Sample(2, 10);
  Opens(101);
  EXPECT_EQ(Lag().no_accept_since, At(10)) << "since then it is known";
}

TEST_F(QueueWatchTest, FallingQueueWasAcceptedFrom) {
  Sample(5);
  Opens(100);
  Sample(4);
  Sample(5, 10);
  Opens(100);
  EXPECT_EQ(Lag().no_accept_since, absl::InfiniteFuture());
}

TEST_F(QueueWatchTest, ProofIsAsOldAsItsLastLook) {
  Sample(5);
  Opens(100);
  Sample(5, 9);
  Opens(100);
  Sample(5, 20);
  EXPECT_EQ(Lag().no_accept_since, absl::InfiniteFuture());
}

TEST_F(QueueWatchTest, PauseBetweenSamplesIsANewBeginning) {
  Sample(11, 20);
  now_ += 31;
  Sample(11);
  EXPECT_EQ(Lag(), AcceptLag());
}

}  // namespace
}  // namespace listenq::analyze
