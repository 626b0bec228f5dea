#include "agent/serve/ownership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/agent/serve/sample_snapshot.h"

namespace listenq::serve {
namespace {

using testing::ContainerId;
using ::testing::ElementsAre;
using testing::HeldBy;
using testing::PodOwner;

TEST(OwnersOf, PicksTheContainerThatHoldsTheSocket) {
  const std::vector<model::Owner> owners = {PodOwner("shop", "web", "nginx", 'a'),
                                            PodOwner("shop", "web", "sidecar", 'b')};
  EXPECT_THAT(OwnersOf(HeldBy("envoy", ContainerId('b')).get(), &owners), ElementsAre(&owners[1]));
}

TEST(OwnersOf, IsAllWhenNoContainerMatches) {
  const std::vector<model::Owner> owners = {PodOwner("shop", "web", "nginx", 'a'),
                                            PodOwner("shop", "web", "sidecar", 'b')};
  EXPECT_THAT(OwnersOf(HeldBy("x", ContainerId('c')).get(), &owners), ElementsAre(&owners[0], &owners[1]));
  EXPECT_THAT(OwnersOf(nullptr, &owners), ElementsAre(&owners[0], &owners[1]));
}

TEST(OwnersOf, ProcessOutsideContainersIsTheHosts) {
  std::vector<model::Owner> owners = {PodOwner("kube-system", "proxy", "proxy", 'a'), model::Owner{}};
  owners[1].source = model::OwnerSource::kHost;
  EXPECT_THAT(OwnersOf(HeldBy("sshd", "").get(), &owners), ElementsAre(&owners[1]));
  EXPECT_THAT(OwnersOf(HeldBy("kube-proxy", ContainerId('a')).get(), &owners), ElementsAre(&owners[0]));
}

TEST(OwnersOf, NoOwnersIsEmpty) { EXPECT_TRUE(OwnersOf(nullptr, nullptr).empty()); }

}  // namespace
}  // namespace listenq::serve
