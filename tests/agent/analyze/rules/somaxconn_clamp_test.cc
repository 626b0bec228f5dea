#include "agent/analyze/rules/somaxconn_clamp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/analyze/rules/world.h"

namespace listenq::analyze {
namespace {

using model::LimitState;
using model::Severity;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

World Clamped(uint32_t limit, uint32_t peak_queue) {
  World world;
  world.SetOwner(PodOwner());
  world.AddListener(1, LimitState::kSomaxconn, limit, peak_queue);
  return world;
}

TEST(SomaxconnClamp, OverflowAtSomaxconnIsTheNamespaces) {
  World world = Clamped(128, 129);
  world.AddEpisode({.accept_queue_full = 3}, 10, {Share(1, 3, 3, 129)});
  const auto findings = world.Find(kSomaxconnClamp);
  ASSERT_THAT(findings, SizeIs(1));
  const model::Finding& finding = findings[0];
  EXPECT_EQ(finding.severity, Severity::kCritical);
  EXPECT_EQ(finding.since, At(kNow - 70));
  EXPECT_EQ(EvidenceValue(finding, "listen drops of this listener"), "3");
  EXPECT_EQ(EvidenceValue(finding, "net.core.somaxconn"), "128");
  EXPECT_EQ(
      finding.explanation,
      "The accept queue overflowed its limit of 128, which is net.core.somaxconn of this namespace: the "
      "application asked for that or for more.");
  EXPECT_THAT(finding.fix, HasSubstr("{name: net.core.somaxconn, value: \"4096\"}"));
  EXPECT_THAT(finding.fix, HasSubstr("restart the listener"));
  EXPECT_THAT(finding.no_help, HasSubstr("on the node only"));
  EXPECT_THAT(finding.price, HasSubstr("4096 waiting connections"));
}

TEST(SomaxconnClamp, NearTheLimitIsAWarning) {
  World world = Clamped(4096, 3277);  // 80 %
  const auto findings = world.Find(kSomaxconnClamp);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_EQ(findings[0].since, At(5));
  EXPECT_EQ(EvidenceValue(findings[0], "highest queue of 5 minutes"), "3277");
  EXPECT_THAT(findings[0].fix, HasSubstr("value: \"16384\""));
}

TEST(SomaxconnClamp, OnTheNodeItselfTheNodesValueHelps) {
  World world = Clamped(128, 120);
  auto id = std::make_shared<model::NetnsId>(*world.ns->id);
  id->host = true;
  world.ns->id = id;
  const auto findings = world.Find(kSomaxconnClamp);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].no_help, "");
  EXPECT_THAT(findings[0].fix, HasSubstr("on the node"));
}

TEST(SomaxconnClamp, HugeQueueThatOverflowsNeedsWorkers) {
  World world = Clamped(65535, 65536);
  const auto findings = world.Find(kSomaxconnClamp);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].fix, HasSubstr("accept faster"));
  EXPECT_EQ(findings[0].price, "");
}

TEST(SomaxconnClamp, LimitOfNoneHoldsOne) {
  World world = Clamped(0, 1);
  EXPECT_THAT(world.Find(kSomaxconnClamp), SizeIs(1));
}

TEST(SomaxconnClamp, SilentWhenTheQueueIsLow) {
  EXPECT_THAT(Clamped(4096, 3276).Find(kSomaxconnClamp), IsEmpty());
  EXPECT_THAT(Clamped(0, 0).Find(kSomaxconnClamp), IsEmpty());
}

TEST(SomaxconnClamp, SilentWhenTheApplicationAskedForLess) {
  World world = Clamped(511, 512);
  world.ns->listeners[0].limit_state = LimitState::kApplication;
  EXPECT_THAT(world.Find(kSomaxconnClamp), IsEmpty());
}

TEST(SomaxconnClamp, SilentWhenAnotherListenerWasFull) {
  World world = Clamped(4096, 10);
  world.AddEpisode({.accept_queue_full = 2}, 10, {Share(2, 0, 2, 129), Share(1, 0, 2, 10)});
  EXPECT_THAT(world.Find(kSomaxconnClamp), IsEmpty());
}

}  // namespace
}  // namespace listenq::analyze
