#include "base/logging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace listenq::base {
namespace {

TEST(LogLimiter, CountsWhatItHeldBack) {
  LogLimiter limiter(absl::Minutes(1));
  const absl::Time start = absl::FromUnixSeconds(1000);
  EXPECT_EQ(limiter.Admit("a", "t", start), 0u);
  EXPECT_EQ(limiter.Admit("a", "t", start + absl::Seconds(1)), std::nullopt);
  EXPECT_EQ(limiter.Admit("a", "t", start + absl::Seconds(59)), std::nullopt);
  EXPECT_EQ(limiter.Admit("a", "t", start + absl::Seconds(60)), 2u);
  EXPECT_EQ(limiter.Admit("a", "t", start + absl::Seconds(200)), 0u);
}

TEST(LogLimiter, KeysDoNotHoldBackEachOther) {
  LogLimiter limiter(absl::Minutes(1));
  const absl::Time start = absl::FromUnixSeconds(1000);
  EXPECT_EQ(limiter.Admit("a", "t", start), 0u);
  EXPECT_EQ(limiter.Admit("b", "t", start), 0u);
}

TEST(LogLimiter, KeysAreBounded) {
  LogLimiter limiter(absl::Minutes(1));
  const absl::Time start = absl::FromUnixSeconds(1000);
  for (size_t i = 0; i < LogLimiter::kMaxKeys; ++i) limiter.Admit(absl::StrCat("key ", i), "t", start);
  EXPECT_EQ(limiter.Admit("one more", "t", start), 0u);
  EXPECT_EQ(limiter.Admit("and another", "t", start), std::nullopt);
  EXPECT_EQ(limiter.Admit("and another", "t", start + absl::Minutes(1)), 0u)
      << "the first ones are forgotten";
}

TEST(LogLimiter, AnotherReasonIsAnotherLine) {
  LogLimiter limiter(absl::Minutes(1));
  const absl::Time start = absl::FromUnixSeconds(1000);
  EXPECT_EQ(limiter.Admit("certificates", "no certificate", start), 0u);
  EXPECT_EQ(limiter.Admit("certificates", "not the key", start + absl::Seconds(4)), 0u);
  EXPECT_EQ(limiter.Admit("certificates", "no certificate", start + absl::Seconds(5)), std::nullopt);
}

TEST(LogLimiter, TextsOfAKeyAreBounded) {
  LogLimiter limiter(absl::Minutes(1));
  const absl::Time start = absl::FromUnixSeconds(1000);
  size_t lines = 0;
  for (int i = 0; i < 1000; ++i) lines += limiter.Admit("a", absl::StrCat("text ", i), start).has_value();
  EXPECT_EQ(lines, LogLimiter::kMaxTexts + 1) << "one stands for the rest";
  EXPECT_EQ(limiter.Admit("b", "text 1000", start), 0u);
  EXPECT_EQ(limiter.Admit("a", "text 1000", start + absl::Minutes(1)), 0u);
}

TEST(OneLine, EscapesControlCharactersAndNoQuotes) {
  EXPECT_EQ(OneLine("the processes' \"node-1\""), "the processes' \"node-1\"");
  EXPECT_EQ(OneLine("two\nlines\x1b[31m"), "two\\nlines\\033[31m");
  EXPECT_EQ(OneLine("a \\n that was there, and \\\" too"), "a \\\\n that was there, and \\\\\" too");
  EXPECT_EQ(OneLine("größer"), "größer");
}

TEST(Logging, NamesTheAllowedLevels) {
  EXPECT_TRUE(SetUpLogging("warning").ok());
  EXPECT_EQ(SetUpLogging("loud"),
            absl::InvalidArgumentError("set log level \"loud\": it is one of debug, info, warning, error"));
}

}  // namespace
}  // namespace listenq::base
