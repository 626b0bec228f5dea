#include "tests/support/sockets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/packets.h"
#include "tests/support/skip.h"
#include "tests/support/tool_output.h"
#include "tests/support/wait.h"

namespace listenq::test {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class SocketsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    LISTENQ_SKIP_UNLESS_ROOT();
    LISTENQ_SKIP_UNLESS_TOOL("ss");
  }
};

TEST_F(SocketsTest, ListenerIsWhatSsShows) {
  const TestNetns netns;
  const TestListener listener =
      Listen(netns, {.address = "::", .backlog = 7, .v6_only = true, .device = "lo"});
  EXPECT_THAT(RunSs(netns), ElementsAre(SsListener{.address = "::",
                                                   .port = listener.port,
                                                   .device = "lo",
                                                   .limit = 7,
                                                   .inode = listener.inode,
                                                   .cookie = listener.cookie,
                                                   .v6_only = true}));
}

TEST_F(SocketsTest, MinusOneAsksForSomaxconn) {
  const TestNetns netns;
  ASSERT_TRUE(netns.SetSysctl("net.core.somaxconn", "300").ok());
  const TestListener listener = Listen(netns, {.backlog = -1});
  ASSERT_THAT(RunSs(netns), SizeIs(1));
  EXPECT_EQ(RunSs(netns)[0].limit, 300u);
  ListenAgain(listener, 5);
  EXPECT_EQ(RunSs(netns)[0].limit, 5u);
}

TEST_F(SocketsTest, GroupSharesOnePort) {
  const TestNetns netns;
  const std::vector<TestListener> group = ListenGroup(netns, {}, 4);
  const std::vector<SsListener> seen = RunSs(netns);
  ASSERT_THAT(seen, SizeIs(4));
  for (const SsListener& one : seen) EXPECT_EQ(one.port, group.front().port);
}

TEST_F(SocketsTest, MptcpListenerIsATcpOneToo) {
  const TestNetns netns;
  const TestListener listener = Listen(netns, {.mptcp = true});
  ASSERT_THAT(RunSs(netns), SizeIs(1));
  EXPECT_EQ(RunSs(netns)[0].port, listener.port);
}

TEST_F(SocketsTest, ConnectionsWaitUntilAccepted) {
  const TestNetns netns;
  const TestListener listener = Listen(netns, {});
  const auto first = Connect(netns, listener.address, listener.port);
  const auto more = StartConnects(netns, listener.address, listener.port, 4);
  EXPECT_TRUE(WaitUntil([&] { return CountEstablished(more) == 4; }));
  EXPECT_TRUE(WaitUntil([&] { return RunSs(netns)[0].queue == 5; }));
  EXPECT_EQ(AcceptAll(listener), 5u);
  EXPECT_EQ(RunSs(netns)[0].queue, 0u);
}

TEST_F(SocketsTest, RawWireHearsTheSynAckOfASpoofedClient) {
  const TestNetns server;
  const TestNetns client;
  ConnectByVeth(server, "10.77.0.1/24", client, "10.77.0.2/24");
  (void)server.Exec("ip route add 10.77.1.0/24 via 10.77.0.2");
  const TestListener listener = Listen(server, {.address = "10.77.0.1"});
  RawWire wire(client);
  const Segment syn{.source = {.address = ParseIpv4("10.77.1.9"), .port = 4000},
                    .destination = {.address = ParseIpv4("10.77.0.1"), .port = listener.port},
                    .seq = 41,
                    .flags = kSyn};
  wire.Send(syn);
  const auto answer = wire.Receive([](const Segment&) { return true; });
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->source, syn.destination);
  EXPECT_EQ(answer->destination, syn.source);
  EXPECT_EQ(answer->flags, kSyn | kAck);
  EXPECT_EQ(answer->ack, 42u);
}

}  // namespace
}  // namespace listenq::test
