#include "agent/serve/label_selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace listenq::serve {
namespace {

using ::testing::HasSubstr;

const LabelSelector::Labels kWeb = {{"app", "web"}, {"env", "prod"}, {"empty", ""}, {"a.io/role", "front"}};

bool Matches(const std::string& text, const LabelSelector::Labels& labels = kWeb) {
  const auto selector = LabelSelector::Parse(text);
  EXPECT_TRUE(selector.ok()) << text << ": " << selector.status();
  return selector.ok() && selector->Matches(labels);
}

std::string ErrorOf(const std::string& text) {
  const absl::Status status = LabelSelector::Parse(text).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(status.message());
}

TEST(LabelSelector, EmptyTakesAll) {
  EXPECT_TRUE(LabelSelector::Parse("")->empty());
  EXPECT_TRUE(Matches("  ", {}));
}

TEST(LabelSelector, Equality) {
  EXPECT_TRUE(Matches("app=web"));
  EXPECT_TRUE(Matches("app==web"));
  EXPECT_FALSE(Matches("app=db"));
  EXPECT_FALSE(Matches("absent=web"));
  EXPECT_TRUE(Matches("empty="));
  EXPECT_FALSE(Matches("app="));
  EXPECT_TRUE(Matches("a.io/role=front"));
}

TEST(LabelSelector, InequalityTakesAbsent) {
  EXPECT_TRUE(Matches("app!=db"));
  EXPECT_FALSE(Matches("app!=web"));
  EXPECT_TRUE(Matches("absent!=web"));
}

TEST(LabelSelector, Sets) {
  EXPECT_TRUE(Matches("env in (qa, prod)"));
  EXPECT_FALSE(Matches("env in (qa)"));
  EXPECT_FALSE(Matches("absent in (qa)"));
  EXPECT_TRUE(Matches("env notin (qa)"));
  EXPECT_FALSE(Matches("env notin (qa,prod)"));
  EXPECT_TRUE(Matches("absent notin (qa)"));
  EXPECT_TRUE(Matches("empty in ()"));
  EXPECT_TRUE(Matches("empty in (x,)"));
}

TEST(LabelSelector, Existence) {
  EXPECT_TRUE(Matches("app"));
  EXPECT_FALSE(Matches("canary"));
  EXPECT_TRUE(Matches("!canary"));
  EXPECT_FALSE(Matches("!app"));
}

TEST(LabelSelector, AllRequirementsHold) {
  EXPECT_TRUE(Matches("app=web,env!=qa,env in (prod,dev),env notin (x),a.io/role,!canary"));
  EXPECT_FALSE(Matches("app=web,env!=prod"));
}

TEST(LabelSelector, KeysMayBeCalledLikeOperators) { EXPECT_TRUE(Matches("in in (x)", {{"in", "x"}})); }

TEST(LabelSelector, ErrorsSayWhatWasExpected) {
  EXPECT_THAT(ErrorOf("app=web,"), HasSubstr("found the end, expected a label's key"));
  EXPECT_THAT(ErrorOf("app in qa"), HasSubstr("found \"qa\", expected '('"));
  EXPECT_THAT(ErrorOf("app in (qa"), HasSubstr("found the end, expected ',' or ')'"));
  EXPECT_THAT(ErrorOf("cpu>4"), HasSubstr("found \">\", expected one of =, ==, !=, in, notin, ','"));
  EXPECT_THAT(ErrorOf("app=web env=x"), HasSubstr("found \"env\", expected ',' or the end"));
  EXPECT_THAT(ErrorOf("app=w*b"), HasSubstr("found \"w*b\", expected a label's value"));
  EXPECT_THAT(ErrorOf("/role=x"), HasSubstr("expected a label's key"));
  EXPECT_THAT(ErrorOf("=x"), HasSubstr("expected a label's key"));
  EXPECT_THAT(ErrorOf("a=" + std::string(64, 'v')), HasSubstr("expected a label's value"));
}

TEST(LabelSelector, ErrorsAreShort) { EXPECT_LT(ErrorOf(std::string(60000, '=')).size(), 500u); }

}  // namespace
}  // namespace listenq::serve
