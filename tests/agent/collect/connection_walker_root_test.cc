#include "agent/collect/connection_walker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/socket.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/agent/collect/connection_lines.h"
#include "tests/support/confine.h"
#include "tests/support/packets.h"
#include "tests/support/skip.h"
#include "tests/support/sockets.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::collect {
namespace {

using test::Destinations;
using test::SynQueues;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kServer[] = "10.77.0.1";
constexpr char kRouter[] = "10.77.0.2";
// Belongs to nobody: no kernel answers for it.
constexpr char kClient[] = "10.77.0.9";
constexpr model::PortRange kRange = {.first = 32768, .last = 60999};

bool Never() { return false; }
bool AtOnce() { return true; }

WalkTarget Into(const test::NetnsRunner& netns) {
  return {.way_in = {.id = *sys::StatFile(netns.path()), .paths = {netns.path()}},
          .ephemeral = kRange,
          .max_rows = 1000};
}

// By the kernel's names, without zeros.
using States = std::map<std::string, uint64_t>;

States ByState(const model::ConnectionCounts& counts) {
  States states;
  for (size_t i = 0; i < model::kTcpStates; ++i) {
    if (counts.by_state[i] == 0) continue;
    states[std::string(model::TcpStateName(static_cast<model::TcpState>(i)))] = counts.by_state[i];
  }
  return states;
}

// What ss says of the same namespace.
States BySs(const test::NetnsRunner& netns) {
  static const std::map<std::string, std::string> kKernelNames = {
      {"ESTAB", "ESTABLISHED"},    {"SYN-SENT", "SYN_SENT"},     {"SYN-RECV", "SYN_RECV"},
      {"FIN-WAIT-1", "FIN_WAIT1"}, {"FIN-WAIT-2", "FIN_WAIT2"},  {"TIME-WAIT", "TIME_WAIT"},
      {"UNCONN", "CLOSE"},         {"CLOSE-WAIT", "CLOSE_WAIT"}, {"LAST-ACK", "LAST_ACK"},
      {"CLOSING", "CLOSING"}};
  States states;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(netns.Exec("ss -tanHO"), '\n'))) {
    const std::string name = line.substr(0, line.find(' '));
    if (const auto found = kKernelNames.find(name); found != kKernelNames.end()) ++states[found->second];
  }
  return states;
}

class ConnectionWalkerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    LISTENQ_SKIP_UNLESS_ROOT();
    for (const char* tool : {"ip", "ss"}) LISTENQ_SKIP_UNLESS_TOOL(tool);
  }

  // Dies when the walk fails.
  model::ConnectionCounts Walk(const WalkTarget& target, absl::FunctionRef<bool()> stop = Never) {
    auto counts = walker_.Walk(target, stop);
    if (!counts.ok()) test::Die(counts.status().ToString());
    return *std::move(counts);
  }
  model::ConnectionCounts Walk(const test::NetnsRunner& netns) { return Walk(Into(netns)); }

  ConnectionWalker walker_;
};

TEST_F(ConnectionWalkerTest, AnEmptyNamespaceHasNone) {
  const test::TestNetns netns;
  const auto listener = test::Listen(netns, {});
  const auto counts = Walk(netns);
  EXPECT_THAT(ByState(counts), IsEmpty());
  EXPECT_THAT(counts.destinations, IsEmpty());
  EXPECT_FALSE(counts.stopped || counts.truncated);
  EXPECT_GT(counts.cpu_time, absl::ZeroDuration());
}

TEST_F(ConnectionWalkerTest, CountsWhatSsCounts) {
  const test::TestNetns netns;
  const auto listener = test::Listen(netns, {.port = 80});
  const auto full = test::Listen(netns, {.port = 81, .backlog = 0});
  const auto established = test::StartConnects(netns, "127.0.0.1", 80, 5);
  const auto waiting = test::Connect(netns, "127.0.0.1", 81);
  const auto refused = test::StartConnects(netns, "127.0.0.1", 81, 2);
  const auto half_closed = test::Connect(netns, "127.0.0.1", 80);
  ASSERT_EQ(shutdown(half_closed.get(), SHUT_WR), 0);
  // The acknowledgment is delayed.
  ASSERT_TRUE(test::WaitUntil([&] { return BySs(netns)["FIN_WAIT2"] == 1; }));
  const auto counts = Walk(netns);
  EXPECT_EQ(ByState(counts), BySs(netns));
  EXPECT_EQ(ByState(counts),
            (States{{"ESTABLISHED", 12}, {"SYN_SENT", 2}, {"FIN_WAIT2", 1}, {"CLOSE_WAIT", 1}}));
  EXPECT_THAT(Destinations(counts), ElementsAre("127.0.0.1 80 6 0", "127.0.0.1 81 3 0"));
}

TEST_F(ConnectionWalkerTest, TimeWaitsBelongToTheirDestination) {
  constexpr size_t kCount = 3000;
  const test::TestNetns netns;
  const auto listener = test::Listen(netns, {.port = 80});
  const auto established = test::Connect(netns, "127.0.0.1", 80);
  test::AcceptAll(listener);
  test::LeaveTimeWaits(netns, listener, kCount);
  const auto counts = Walk(netns);
  EXPECT_EQ(ByState(counts), BySs(netns));
  EXPECT_EQ(ByState(counts)["TIME_WAIT"], kCount);
  // AcceptAll closed the server's end of the first one.
  EXPECT_THAT(Destinations(counts), ElementsAre("127.0.0.1 80 3001 3000"));
  EXPECT_FALSE(counts.stopped || counts.truncated);
}

TEST_F(ConnectionWalkerTest, OtherNamespacesAreNotCounted) {
  const test::TestNetns one;
  const test::TestNetns two;
  const auto listener = test::Listen(one, {.port = 80});
  const auto connections = test::StartConnects(one, "127.0.0.1", 80, 3);
  EXPECT_EQ(ByState(Walk(one)), (States{{"ESTABLISHED", 6}}));
  EXPECT_THAT(ByState(Walk(two)), IsEmpty());
}

TEST_F(ConnectionWalkerTest, MappedAddressesAreTheSameDestination) {
  const test::TestNetns netns;
  const auto listener = test::Listen(netns, {.address = "::", .port = 80, .v6_only = false});
  const auto v4 = test::Connect(netns, "127.0.0.1", 80);
  const auto mapped = test::Connect(netns, "::ffff:127.0.0.1", 80);
  const auto v6 = test::Connect(netns, "::1", 80);
  const auto counts = Walk(netns);
  EXPECT_EQ(ByState(counts), (States{{"ESTABLISHED", 6}}));
  EXPECT_EQ(ByState(counts), BySs(netns));
  EXPECT_THAT(Destinations(counts), ElementsAre("127.0.0.1 80 2 0", "::1 80 1 0"));
}

TEST_F(ConnectionWalkerTest, WhatAnEphemeralListenerTookIsNotOpenedHere) {
  const test::TestNetns netns;
  const auto listener = test::Listen(netns, {.port = 40000});
  const auto connections = test::StartConnects(netns, "127.0.0.1", 40000, 3);
  EXPECT_THAT(Destinations(Walk(netns)), ElementsAre("127.0.0.1 40000 3 0"));
}

// SYNs that nobody ever acknowledges the answer to.
class SynRecv : public ConnectionWalkerTest {
 protected:
  void SetUp() override {
    ConnectionWalkerTest::SetUp();
    if (IsSkipped()) return;
    server_.emplace();
    router_.emplace();
    test::ConnectByVeth(*server_, absl::StrCat(kServer, "/24"), *router_, absl::StrCat(kRouter, "/24"));
    (void)server_->Exec(
        absl::StrCat("ip neigh add ", kClient, " lladdr 02:00:00:00:00:09 dev ", test::kVethName));
    wire_.emplace(*router_);
  }
  void SendSyns(uint16_t port, int count) {
    for (int i = 0; i < count; ++i) {
      wire_->Send({.source = {.address = test::ParseIpv4(kClient), .port = next_port_++},
                   .destination = {.address = test::ParseIpv4(kServer), .port = port},
                   .seq = 1000,
                   .flags = test::kSyn});
    }
  }
  bool SsSees(uint64_t count) {
    return test::WaitUntil([&] { return BySs(*server_)["SYN_RECV"] == count; });
  }

  std::optional<test::TestNetns> server_;
  std::optional<test::TestNetns> router_;
  std::optional<test::RawWire> wire_;
  uint16_t next_port_ = 20000;
};

TEST_F(SynRecv, BelongsToItsListener) {
  const auto wildcard = test::Listen(*server_, {.address = "0.0.0.0", .port = 80});
  const auto own = test::Listen(*server_, {.address = kServer, .port = 81, .reuse_port = true});
  const auto other = test::Listen(*server_, {.address = "0.0.0.0", .port = 81, .reuse_port = true});
  const auto dual = test::Listen(*server_, {.address = "::", .port = 82, .v6_only = false});
  SendSyns(80, 3);
  SendSyns(81, 2);
  SendSyns(82, 4);
  ASSERT_TRUE(SsSees(9)) << server_->Exec("ss -tan");
  const auto counts = Walk(*server_);
  EXPECT_EQ(ByState(counts), (States{{"SYN_RECV", 9}}));
  EXPECT_THAT(SynQueues(counts), ElementsAre(":: 82 4", "0.0.0.0 80 3", absl::StrCat(kServer, " 81 2")));
  EXPECT_THAT(counts.destinations, IsEmpty());
}

TEST_F(SynRecv, OfAListenerBoundToItsInterface) {
  const auto bound = test::Listen(
      *server_,
      {.address = "0.0.0.0", .port = 80, .reuse_port = true, .device = std::string(test::kVethName)});
  const auto unbound =
      test::Listen(*server_, {.address = "::", .port = 80, .reuse_port = true, .v6_only = false});
  SendSyns(80, 2);
  ASSERT_TRUE(SsSees(2)) << server_->Exec("ss -tan");
  EXPECT_THAT(SynQueues(Walk(*server_)), ElementsAre("0.0.0.0 80 2"));
}

TEST_F(SynRecv, OfAGroupIsOneQueue) {
  const auto group = test::ListenGroup(*server_, {.address = "0.0.0.0", .port = 80}, 4);
  SendSyns(80, 12);
  ASSERT_TRUE(SsSees(12)) << server_->Exec("ss -tan");
  EXPECT_THAT(SynQueues(Walk(*server_)), ElementsAre("0.0.0.0 80 12"));
}

TEST_F(ConnectionWalkerTest, RowsAreCutAndNothingIsTruncated) {
  const test::TestNetns netns;
  std::vector<test::TestListener> listeners;
  std::vector<sys::UniqueFd> connections;
  for (uint16_t port = 80; port < 85; ++port) {
    listeners.push_back(test::Listen(netns, {.port = port}));
    connections.push_back(test::Connect(netns, "127.0.0.1", port));
  }
  WalkTarget target = Into(netns);
  target.max_rows = 2;
  const auto counts = Walk(target);
  EXPECT_THAT(Destinations(counts), ElementsAre("127.0.0.1 80 1 0", "127.0.0.1 81 1 0"));
  EXPECT_FALSE(counts.truncated);
}

TEST_F(ConnectionWalkerTest, StopsBetweenPieces) {
  const test::TestNetns netns;
  const auto listener = test::Listen(netns, {.port = 80});
  test::LeaveTimeWaits(netns, listener, 3000);
  const auto none = Walk(Into(netns), AtOnce);
  EXPECT_TRUE(none.stopped);
  EXPECT_THAT(ByState(none), IsEmpty());
  int pieces = 0;
  const auto some = Walk(Into(netns), [&] { return ++pieces > 3; });
  EXPECT_TRUE(some.stopped);
  EXPECT_GT(ByState(some)["TIME_WAIT"], 0u);
  EXPECT_LT(ByState(some)["TIME_WAIT"], 3000u);
  EXPECT_EQ(ByState(Walk(netns))["TIME_WAIT"], 3000u) << "a walk that was stopped spoils the next one";
}

TEST_F(ConnectionWalkerTest, ANamespaceThatIsGoneIsNotFound) {
  WalkTarget target;
  {
    const test::TestNetns netns;
    target = Into(netns);
  }
  EXPECT_EQ(walker_.Walk(target, Never).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ConnectionWalkerTest, AnotherNamespaceWithTheSameNumberIsNotFound) {
  const test::TestNetns netns;
  WalkTarget target = Into(netns);
  target.cookie = 1;
  const auto counts = walker_.Walk(target, Never);
  EXPECT_EQ(counts.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(counts.status().message()), HasSubstr("another one has its number now"));
}

TEST_F(ConnectionWalkerTest, WithoutSockDiagItSaysSo) {
  const test::TestNetns netns;
  test::RunWithoutSockDiag([&] {
    ConnectionWalker walker;
    const auto counts = walker.Walk(Into(netns), Never);
    EXPECT_EQ(counts.status().code(), absl::StatusCode::kUnimplemented);
    EXPECT_THAT(std::string(counts.status().message()), HasSubstr("open sock_diag socket"));
  });
}

TEST_F(ConnectionWalkerTest, WithoutSysAdminItSaysSo) {
  const test::TestNetns netns;
  test::RunWithCapabilities({CAP_SYS_PTRACE}, [&] {
    ConnectionWalker walker;
    const auto counts = walker.Walk(Into(netns), Never);
    EXPECT_EQ(counts.status().code(), absl::StatusCode::kPermissionDenied);
    EXPECT_THAT(std::string(counts.status().message()), HasSubstr("needs CAP_SYS_ADMIN"));
  });
}

}  // namespace
}  // namespace listenq::collect
