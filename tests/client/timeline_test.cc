#include "client/timeline.h"

#include <gtest/gtest.h>

#include "tests/client/rows.h"

namespace listenq::client {
namespace {

TEST(FullSince, IsTheBeginningOfTheLastRun) {
  EXPECT_EQ(FullSince(Proto<v1::ListenerHistory>(R"(limit: 5
    samples { time { seconds: 1 } queue: 6 } samples { time { seconds: 2 } queue: 5 }
    samples { time { seconds: 3 } queue: 6 } samples { time { seconds: 4 } queue: 7 })")),
            absl::FromUnixSeconds(3));
}

TEST(FullSince, IsNothingWhereTheQueueHasRoomOrTheLimitIsNotKnown) {
  EXPECT_EQ(
      FullSince(Proto<v1::ListenerHistory>(
          "limit: 5 samples { time { seconds: 1 } queue: 6 } samples { time { seconds: 2 } queue: 5 }")),
      std::nullopt);
  EXPECT_EQ(FullSince(Proto<v1::ListenerHistory>("samples { time { seconds: 1 } queue: 6 }")), std::nullopt);
  EXPECT_EQ(FullSince({}), std::nullopt);
}

}  // namespace
}  // namespace listenq::client
