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
using testing::HostOwner;
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

// The node's own namespace with a pod's container in it.
class OwnersOnTheHost : public ::testing::Test {
 protected:
  const std::vector<model::Owner> owners_ = {HostOwner(), PodOwner("kube-system", "proxy", "proxy", 'a'),
                                             PodOwner("kube-system", "dns", "dns", 'b')};
};

TEST_F(OwnersOnTheHost, NamespaceIsTheHostsAlone) {
  EXPECT_THAT(NamespaceOwners(&owners_), ElementsAre(&owners_[0]));
  EXPECT_THAT(SocketOwners(&owners_), ElementsAre(&owners_[0], &owners_[1], &owners_[2]));
}

TEST_F(OwnersOnTheHost, SocketIsItsContainers) {
  EXPECT_THAT(OwnersOf(HeldBy("sshd", "").get(), &owners_), ElementsAre(&owners_[0]));
  EXPECT_THAT(OwnersOf(HeldBy("kube-proxy", ContainerId('a')).get(), &owners_), ElementsAre(&owners_[1]));
}

TEST_F(OwnersOnTheHost, SocketThatContainersShareIsAllTheirs) {
  model::SocketProcesses processes = *HeldBy("kube-proxy", ContainerId('a'));
  processes.AddContainer(ContainerId('b'));
  processes.AddContainer("");
  EXPECT_THAT(OwnersOf(&processes, &owners_), ElementsAre(&owners_[0], &owners_[1], &owners_[2]));
}

TEST_F(OwnersOnTheHost, SocketOfNobodyKnownIsTheHosts) {
  EXPECT_THAT(OwnersOf(HeldBy("x", ContainerId('c')).get(), &owners_), ElementsAre(&owners_[0]));
  EXPECT_THAT(OwnersOf(nullptr, &owners_), ElementsAre(&owners_[0]));
}

TEST(OwnersOf, NoOwnersIsEmpty) { EXPECT_TRUE(OwnersOf(nullptr, nullptr).empty()); }

}  // namespace
}  // namespace listenq::serve
