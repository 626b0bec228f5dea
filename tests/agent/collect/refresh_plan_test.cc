#include "agent/collect/refresh_plan.h"

#include <gtest/gtest.h>

namespace listenq::collect {
namespace {

model::ListenerReading Listener(uint64_t cookie, uint16_t port, uint32_t bound_interface = 0) {
  model::ListenerReading listener;
  listener.cookie = cookie;
  listener.port = port;
  listener.bound_interface = bound_interface;
  return listener;
}

TEST(RefreshPlan, OneRequestForEachListener) {
  RefreshPlan plan;
  const std::vector<model::ListenerReading> listeners = {Listener(1, 80), Listener(2, 81)};
  EXPECT_FALSE(plan.Fits(listeners));
  plan.Make(listeners, listeners.size(), {});
  EXPECT_TRUE(plan.Fits(listeners));
  EXPECT_FALSE(plan.by_dump());
  ASSERT_EQ(plan.batches().size(), 1u);
  EXPECT_EQ(plan.batches()[0].count, 2u);
}

TEST(RefreshPlan, BatchesStayWithinTheKernelsReceiveBuffer) {
  std::vector<model::ListenerReading> listeners;
  for (uint16_t i = 1; i <= 250; ++i) listeners.push_back(Listener(i, i));
  RefreshPlan plan;
  plan.Make(listeners, listeners.size(), {});
  ASSERT_EQ(plan.batches().size(), 3u);
  EXPECT_EQ(plan.batches()[2].count, 50u);
  EXPECT_EQ(plan.size(), 250u);
}

TEST(RefreshPlan, ProbesGroupsOnly) {
  EXPECT_TRUE(RefreshPlan::Probes({Listener(1, 80), Listener(2, 80, /*bound_interface=*/3), Listener(3, 81)})
                  .empty());
  const auto probes = RefreshPlan::Probes({Listener(1, 80), Listener(2, 80)});
  ASSERT_GE(probes.size(), 8u);
  for (size_t i = 0; i < probes.size(); ++i) {
    EXPECT_EQ(probes[i].remote_port, i);
    EXPECT_FALSE(probes[i].check_cookie);
  }
}

TEST(RefreshPlan, AMemberThatNoProbeReachedMeansDumps) {
  RefreshPlan plan;
  const std::vector<model::ListenerReading> group = {Listener(1, 80), Listener(2, 80)};
  plan.Make(group, 2, {{1, 0}});
  EXPECT_TRUE(plan.by_dump());
  plan.Make(group, 2, {{1, 0}, {2, 5}});
  EXPECT_FALSE(plan.by_dump());
}

TEST(RefreshPlan, ASecondMissForTheSameSocketsMeansDumps) {
  RefreshPlan plan;
  const std::vector<model::ListenerReading> listeners = {Listener(1, 80), Listener(2, 80, 3)};
  plan.Make(listeners, listeners.size(), {});
  plan.Miss();
  EXPECT_FALSE(plan.Fits(listeners));
  plan.Make(listeners, listeners.size(), {});
  EXPECT_FALSE(plan.by_dump());
  plan.Miss();
  plan.Make(listeners, listeners.size(), {});
  EXPECT_TRUE(plan.by_dump());
}

TEST(RefreshPlan, OtherSocketsAreTriedExactlyAgain) {
  RefreshPlan plan;
  plan.Make({Listener(1, 80)}, 1, {});
  plan.Miss();
  plan.Make({Listener(1, 80)}, 1, {});
  plan.Miss();
  plan.Make({Listener(2, 80)}, 1, {});
  EXPECT_FALSE(plan.by_dump());
}

}  // namespace
}  // namespace listenq::collect
