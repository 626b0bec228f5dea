#include "base/logging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace listenq::base {
namespace {

TEST(LogLimiter, CountsWhatItHeldBack) {
  LogLimiter limiter(absl::Minutes(1));
  const absl::Time start = absl::FromUnixSeconds(1000);
  EXPECT_EQ(limiter.Admit("a", start), 0u);
  EXPECT_EQ(limiter.Admit("a", start + absl::Seconds(1)), std::nullopt);
  EXPECT_EQ(limiter.Admit("a", start + absl::Seconds(59)), std::nullopt);
  EXPECT_EQ(limiter.Admit("a", start + absl::Seconds(60)), 2u);
  EXPECT_EQ(limiter.Admit("a", start + absl::Seconds(200)), 0u);
}

TEST(LogLimiter, KeysDoNotHoldBackEachOther) {
  LogLimiter limiter(absl::Minutes(1));
  const absl::Time start = absl::FromUnixSeconds(1000);
  EXPECT_EQ(limiter.Admit("a", start), 0u);
  EXPECT_EQ(limiter.Admit("b", start), 0u);
}

TEST(LogLimiter, KeysAreBounded) {
  LogLimiter limiter(absl::Minutes(1));
  const absl::Time start = absl::FromUnixSeconds(1000);
  for (size_t i = 0; i < LogLimiter::kMaxKeys; ++i) limiter.Admit(absl::StrCat("key ", i), start);
  EXPECT_EQ(limiter.Admit("one more", start), 0u);
  EXPECT_EQ(limiter.Admit("and another", start), std::nullopt);
}

TEST(Logging, NamesTheAllowedLevels) {
  EXPECT_TRUE(SetUpLogging("warning").ok());
  EXPECT_EQ(SetUpLogging("loud"),
            absl::InvalidArgumentError("set log level \"loud\": it is one of debug, info, warning, error"));
}

}  // namespace
}  // namespace listenq::base
