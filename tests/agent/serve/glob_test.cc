#include "agent/serve/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace listenq::serve {
namespace {

TEST(Glob, PlainTextMatchesItself) {
  EXPECT_TRUE(GlobMatches("web", "web"));
  EXPECT_FALSE(GlobMatches("web", "web-0"));
  EXPECT_FALSE(GlobMatches("web", "we"));
  EXPECT_TRUE(GlobMatches("", ""));
  EXPECT_FALSE(GlobMatches("", "a"));
}

TEST(Glob, StarTakesAnyText) {
  EXPECT_TRUE(GlobMatches("api-*", "api-7f9c"));
  EXPECT_TRUE(GlobMatches("api-*", "api-"));
  EXPECT_TRUE(GlobMatches("*a*b", "xaabxab"));
  EXPECT_FALSE(GlobMatches("*a*b", "xaabxa"));
  EXPECT_TRUE(GlobMatches("**", ""));
}

TEST(Glob, QuestionMarkTakesOneByte) {
  EXPECT_TRUE(GlobMatches("web-?", "web-0"));
  EXPECT_FALSE(GlobMatches("web-?", "web-"));
  EXPECT_FALSE(GlobMatches("web-?", "web-10"));
}

TEST(Glob, OtherCharactersAreThemselves) { EXPECT_FALSE(GlobMatches("[ab]", "a")); }

// A matcher that tries every split would need 2^60 steps here.
TEST(Glob, HostilePatternEnds) {
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "a*";
  EXPECT_FALSE(GlobMatches(pattern + "b", std::string(10000, 'a')));
}

}  // namespace
}  // namespace listenq::serve
