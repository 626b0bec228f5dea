#include "agent/serve/utf8.h"

#include <gtest/gtest.h>

namespace listenq::serve {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";

TEST(ValidUtf8, LeavesGoodTextAlone) {
  EXPECT_EQ(ValidUtf8(""), "");
  EXPECT_EQ(ValidUtf8("nginx: w\xC3\xB6rk \xE2\x82\xAC \xF0\x9F\x98\x80"),
            "nginx: w\xC3\xB6rk \xE2\x82\xAC \xF0\x9F\x98\x80");
}

TEST(ValidUtf8, ReplacesALetterThatTheKernelCut) {
  EXPECT_EQ(ValidUtf8("abc\xE2\x82"), std::string("abc") + kReplacement + kReplacement);
}

TEST(ValidUtf8, ReplacesWhatIsNotWellFormed) {
  EXPECT_EQ(ValidUtf8("a\xFFz"), std::string("a") + kReplacement + "z");
  EXPECT_EQ(ValidUtf8("\xC0\xAF"), std::string(kReplacement) + kReplacement);                     // overlong
  EXPECT_EQ(ValidUtf8("\xED\xA0\x80"), std::string(kReplacement) + kReplacement + kReplacement);  // surrogate
  EXPECT_EQ(ValidUtf8("\xC3z"), std::string(kReplacement) + "z");
}

}  // namespace
}  // namespace listenq::serve
