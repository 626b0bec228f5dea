#include "agent/analyze/limit_state.h"

#include <gtest/gtest.h>

#include "tests/agent/analyze/builders.h"

namespace listenq::analyze {
namespace {

using model::LimitState;

LimitState Classify(uint32_t limit, std::optional<uint32_t> somaxconn,
                    const std::vector<SomaxconnChange>& changes = {}) {
  return ClassifyLimit(Socket(1, 0, 0, limit), somaxconn, changes, At(10));
}

TEST(ClassifyLimit, UnknownWithoutLimitOrSomaxconn) {
  model::ListenerReading without_limit = Socket(1);
  without_limit.limit.reset();
  EXPECT_EQ(ClassifyLimit(without_limit, 4096, {}, At(10)), LimitState::kUnknown);
  EXPECT_EQ(Classify(128, std::nullopt), LimitState::kUnknown);
}

TEST(ClassifyLimit, BelowIsTheApplications) {
  EXPECT_EQ(Classify(511, 4096), LimitState::kApplication);
  EXPECT_EQ(Classify(0, 4096), LimitState::kApplication);
}

TEST(ClassifyLimit, EqualIsSomaxconns) {
  EXPECT_EQ(Classify(4096, 4096), LimitState::kSomaxconn);
  EXPECT_EQ(Classify(0, 0), LimitState::kSomaxconn);
  EXPECT_EQ(Classify(4294967295, 4294967295), LimitState::kSomaxconn);
}

TEST(ClassifyLimit, AboveIsLatched) { EXPECT_EQ(Classify(4096, 1024), LimitState::kLatched); }

TEST(ClassifyLimit, AnOldSomaxconnThatWasReplacedIsLatched) {
  EXPECT_EQ(Classify(128, 4096, {{At(20), 128}}), LimitState::kLatched);
  EXPECT_EQ(Classify(128, 4096, {{At(20), 128}, {At(30), 1024}}), LimitState::kLatched);
}

TEST(ClassifyLimit, AnOldSomaxconnThatIsBackIsInForce) {
  EXPECT_EQ(Classify(128, 128, {{At(20), 128}, {At(30), 4096}}), LimitState::kSomaxconn);
}

TEST(ClassifyLimit, ChangesThatDoNotConcernIt) {
  EXPECT_EQ(Classify(511, 4096, {{At(20), 128}}), LimitState::kApplication) << "another value";
  EXPECT_EQ(Classify(128, 4096, {{At(5), 128}}), LimitState::kApplication) << "before it listened";
  EXPECT_EQ(Classify(128, 4096, {{At(10), 128}}), LimitState::kApplication) << "seen with it";
}

}  // namespace
}  // namespace listenq::analyze
