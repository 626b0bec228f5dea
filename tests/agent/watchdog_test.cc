#include "agent/watchdog.h"

#include <gtest/gtest.h>

#include <atomic>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/support/wait.h"

namespace listenq::agent {
namespace {

TEST(Watchdog, CallsWhenNoBeatFinishes) {
  std::atomic<int> calls = 0;
  const Watchdog watchdog(absl::Milliseconds(20), [&] { ++calls; });
  EXPECT_TRUE(test::WaitUntil([&] { return calls > 2; }));
}

TEST(Watchdog, ABeatCountsFromItsEnd) {
  constexpr absl::Duration kLimit = absl::Milliseconds(400);
  const absl::Time start = absl::Now();
  std::atomic<int> calls = 0;
  Watchdog watchdog(kLimit, [&] { ++calls; });
  const ScanLoop beats(
      absl::Milliseconds(1), [&] { watchdog.BeatFinished(); }, [] {});
  EXPECT_TRUE(test::WaitUntil([&] { return absl::Now() - start > 3 * kLimit; }));
  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace listenq::agent
