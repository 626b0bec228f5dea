#include "base/signals.h"

#include <gtest/gtest.h>
#include <pthread.h>

namespace listenq::base {
namespace {

TEST(StopSignals, WaitReturnsTheSignal) {
  StopSignals signals;
  pthread_kill(pthread_self(), SIGTERM);
  EXPECT_EQ(signals.Wait(), SIGTERM);
  pthread_kill(pthread_self(), SIGINT);
  EXPECT_EQ(signals.WaitFor(absl::Seconds(10)), SIGINT);
}

TEST(StopSignals, WaitForEndsWithoutOne) {
  StopSignals signals;
  EXPECT_EQ(signals.WaitFor(absl::Milliseconds(1)), std::nullopt);
}

}  // namespace
}  // namespace listenq::base
