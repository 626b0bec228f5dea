#include "client/time_spec.h"

#include <gtest/gtest.h>

namespace listenq::client {
namespace {

const absl::TimeZone kZone = absl::FixedTimeZone(2 * 3600);
// 14:05:31 on the clock of that zone.
const absl::Time kNow = absl::FromCivil(absl::CivilSecond(2026, 3, 10, 14, 5, 31), kZone);

absl::Time Local(int day, int hour, int minute, int second) {
  return absl::FromCivil(absl::CivilSecond(2026, 3, day, hour, minute, second), kZone);
}

TEST(ParseSince, TakesDurations) {
  EXPECT_EQ(*ParseSince("90s", kNow, kZone), kNow - absl::Seconds(90));
  EXPECT_EQ(*ParseSince("10m", kNow, kZone), kNow - absl::Minutes(10));
  EXPECT_EQ(*ParseSince("2h30m", kNow, kZone), kNow - absl::Minutes(150));
  EXPECT_EQ(*ParseSince("1d", kNow, kZone), kNow - absl::Hours(24));
}

TEST(ParseSince, TakesClockTimesOfTodayInTheZone) {
  EXPECT_EQ(*ParseSince("14:05", kNow, kZone), Local(10, 14, 5, 0));
  EXPECT_EQ(*ParseSince("14:05:31", kNow, kZone), kNow);
}

TEST(ParseSince, TakesAClockTimeStillToComeAsYesterdays) {
  EXPECT_EQ(*ParseSince("14:05:32", kNow, kZone), Local(9, 14, 5, 32));
  EXPECT_EQ(*ParseSince("23:59", kNow, kZone), Local(9, 23, 59, 0));
}

TEST(ParseSince, TakesRfc3339) {
  EXPECT_EQ(*ParseSince("2026-03-10T12:00:00Z", kNow, kZone), Local(10, 14, 0, 0));
  EXPECT_EQ(*ParseSince("2026-03-10T12:00:00+02:00", kNow, kZone), Local(10, 12, 0, 0));
}

TEST(ParseSince, RejectsTheFuture) {
  EXPECT_EQ(ParseSince("2026-03-10T12:05:32Z", kNow, kZone).status(),
            absl::InvalidArgumentError("2026-03-10T12:05:32Z: is in the future"));
  EXPECT_EQ(ParseSince("-5m", kNow, kZone).status(), absl::InvalidArgumentError("-5m: is in the future"));
}

TEST(ParseSince, RejectsEverythingElseAndNamesTheForms) {
  for (const char* text : {"", "yesterday", "25:00", "14:60", "14:05:60", ":", "1:2:3:4", "10 m"}) {
    EXPECT_EQ(ParseSince(text, kNow, kZone).status(),
              absl::InvalidArgumentError(std::string(text) +
                                         ": neither a duration (10m), nor a clock time (14:05), nor RFC 3339 "
                                         "(2026-01-01T14:05:00Z)"))
        << text;
  }
}

TEST(ParseDurationSpec, TakesBareNumbersAsSeconds) {
  EXPECT_EQ(*ParseDurationSpec("5"), absl::Seconds(5));
  EXPECT_EQ(*ParseDurationSpec("500ms"), absl::Milliseconds(500));
}

TEST(ParseDurationSpec, RejectsZeroAndNoDuration) {
  EXPECT_EQ(ParseDurationSpec("0").status(), absl::InvalidArgumentError("0: must be more than 0"));
  EXPECT_EQ(ParseDurationSpec("fast").status(),
            absl::InvalidArgumentError("fast: not a duration, such as 500ms, 10s or 2h30m"));
}

}  // namespace
}  // namespace listenq::client
