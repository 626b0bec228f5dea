// Each rule with its real condition, and the near miss, by ordinary sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/analyze/rules/abort_on_overflow.h"
#include "agent/analyze/rules/backlog_too_small.h"
#include "agent/analyze/rules/conntrack_pressure.h"
#include "agent/analyze/rules/limit_latched.h"
#include "agent/analyze/rules/memory_walls.h"
#include "agent/analyze/rules/paws_drops.h"
#include "agent/analyze/rules/somaxconn_clamp.h"
#include "agent/analyze/rules/sysctl_not_in_force.h"
#include "agent/analyze/rules/time_wait_pressure.h"
#include "agent/analyze/rules/tw_recycle.h"
#include "agent/analyze/rules/values.h"
#include "tests/agent/analyze/rules/scanned.h"
#include "tests/agent/discover/pods.h"
#include "tests/support/sockets.h"
#include "tests/support/wait.h"

namespace listenq::analyze {
namespace {

using model::Severity;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RulesRootTest : public ScannedTest {
 protected:
  void SetSysctl(absl::string_view name, absl::string_view value) {
    ASSERT_TRUE(netns_->SetSysctl(name, value).ok()) << name;
  }
  void SetUp() override {
    ScannedTest::SetUp();
    if (!IsSkipped()) netns_.emplace();
  }
  // As many established connections that nobody accepts.
  [[nodiscard]] std::vector<sys::UniqueFd> Fill(const test::TestListener& listener, size_t count) const {
    std::vector<sys::UniqueFd> connections;
    for (size_t i = 0; i < count; ++i) {
      connections.push_back(test::Connect(*netns_, listener.address, listener.port));
    }
    return connections;
  }
  [[nodiscard]] std::vector<sys::UniqueFd> Lose(const test::TestListener& listener, size_t count) const {
    return test::StartConnects(*netns_, listener.address, listener.port, count);
  }

  std::optional<test::TestNetns> netns_;
};

// ---- what limits an accept queue

TEST_F(RulesRootTest, BacklogTooSmall) {
  const auto listener = test::Listen(*netns_, {.backlog = 4});
  Read(*netns_);
  const auto full = Fill(listener, 5);
  Read(*netns_);
  EXPECT_THAT(Find(*netns_, kBacklogTooSmall), IsEmpty()) << "full, but nobody was refused";
  const auto lost = Lose(listener, 3);
  Read(*netns_);
  const auto findings = Find(*netns_, kBacklogTooSmall);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kCritical);
  EXPECT_EQ(findings[0].listener->reading.cookie, listener.cookie);
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtListenOverflows"), "3");
  EXPECT_EQ(EvidenceValue(findings[0], "highest queue"), "5");
  EXPECT_EQ(EvidenceValue(findings[0], "limit"), "4");
}

TEST_F(RulesRootTest, OfTwoListenersOnlyTheFullOneHasASmallBacklog) {
  const auto full = test::Listen(*netns_, {.backlog = 0});
  const auto healthy = test::Listen(*netns_, {.backlog = 4});
  Read(*netns_);
  const auto waiting = Fill(full, 1);
  const auto others = Fill(healthy, 2);
  const auto lost = Lose(full, 2);
  Read(*netns_);
  const auto findings = Find(*netns_, kBacklogTooSmall);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].listener->reading.cookie, full.cookie);
}

TEST_F(RulesRootTest, SomaxconnClamp) {
  SetSysctl("net.core.somaxconn", "10");
  const auto listener = test::Listen(*netns_, {.backlog = 4096});
  Read(*netns_);
  auto waiting = Fill(listener, 7);
  Read(*netns_);
  EXPECT_THAT(Find(*netns_, kSomaxconnClamp), IsEmpty()) << "7 of 10";
  const auto one_more = Fill(listener, 1);
  Read(*netns_);
  auto findings = Find(*netns_, kSomaxconnClamp);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_EQ(EvidenceValue(findings[0], "highest queue of 5 minutes"), "8");
  const auto rest = Fill(listener, 3);
  const auto lost = Lose(listener, 2);
  Read(*netns_);
  findings = Find(*netns_, kSomaxconnClamp);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kCritical);
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtListenOverflows"), "2");
  EXPECT_EQ(EvidenceValue(findings[0], "net.core.somaxconn"), "10");
  EXPECT_THAT(Find(*netns_, kBacklogTooSmall), IsEmpty());
}

TEST_F(RulesRootTest, LimitLatched) {
  SetSysctl("net.core.somaxconn", "128");
  const auto listener = test::Listen(*netns_, {.backlog = 4096});
  Read(*netns_);
  EXPECT_THAT(Find(*netns_, kLimitLatched), IsEmpty());
  SetSysctl("net.core.somaxconn", "4096");
  Read(*netns_);
  const auto findings = Find(*netns_, kLimitLatched);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kInfo);
  EXPECT_EQ(EvidenceValue(findings[0], "limit"), "128");
  // What the finding advises.
  test::ListenAgain(listener, 4096);
  Read(*netns_);
  EXPECT_THAT(Find(*netns_, kLimitLatched), IsEmpty());
}

// ---- TIME_WAIT

class TimeWaitTest : public RulesRootTest {
 protected:
  // So many connections whose client closes first.
  void MakeTimeWait(size_t count) {
    const auto listener = test::Listen(*netns_, {});
    for (size_t i = 0; i < count; ++i) {
      auto client = test::Connect(*netns_, listener.address, listener.port);
      const sys::UniqueFd server(accept(listener.fd.get(), nullptr, nullptr));
      ASSERT_TRUE(server.valid());
      client.reset();
      char byte = 0;
      ASSERT_EQ(recv(server.get(), &byte, 1, 0), 0);
    }
  }
};

TEST_F(TimeWaitTest, BeyondTheBound) {
  SetSysctl("net.ipv4.tcp_max_tw_buckets", "2");
  Read(*netns_);
  MakeTimeWait(5);
  Read(*netns_);
  const auto findings = Find(*netns_, kTimeWaitPressure);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtTCPTimeWaitOverflow"), "3");
  EXPECT_EQ(EvidenceValue(findings[0], "net.ipv4.tcp_max_tw_buckets"), "2");
}

TEST_F(TimeWaitTest, NearAndFarFromTheBound) {
  SetSysctl("net.ipv4.tcp_max_tw_buckets", "10");
  Read(*netns_);
  MakeTimeWait(8);
  Read(*netns_);
  EXPECT_THAT(Find(*netns_, kTimeWaitPressure), IsEmpty());
  MakeTimeWait(1);
  Read(*netns_);
  const auto findings = Find(*netns_, kTimeWaitPressure);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kInfo);
  EXPECT_EQ(EvidenceValue(findings[0], "sockstat TCP tw"), "9");
}

// ---- timestamps

class PawsTest : public RulesRootTest {
 protected:
  // A connection whose client falls back to a much older timestamp, and then sends one byte.
  [[nodiscard]] sys::UniqueFd SendFromThePast(const test::TestListener& listener) const {
    sys::UniqueFd client = test::Connect(*netns_, listener.address, listener.port);
    Set(client, TCP_REPAIR, TCP_REPAIR_ON);
    uint32_t stamp = 0;
    socklen_t size = sizeof(stamp);
    EXPECT_EQ(getsockopt(client.get(), IPPROTO_TCP, TCP_TIMESTAMP, &stamp, &size), 0);
    Set(client, TCP_TIMESTAMP, static_cast<int>(stamp - 1'000'000));
    Set(client, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP);
    EXPECT_EQ(send(client.get(), "x", 1, 0), 1);
    return client;
  }
  static void Set(const sys::UniqueFd& fd, int option, int value) {
    EXPECT_EQ(setsockopt(fd.get(), IPPROTO_TCP, option, &value, sizeof(value)), 0) << option;
  }
};

TEST_F(PawsTest, SegmentsFromThePast) {
  const auto listener = test::Listen(*netns_, {});
  Read(*netns_);
  std::vector<sys::UniqueFd> clients;
  clients.push_back(SendFromThePast(listener));
  Read(*netns_);
  EXPECT_GE(IncreaseBy(*Value(*netns_), "TcpExtPAWSEstab"), 1u);
  EXPECT_THAT(Find(*netns_, kPawsDrops), IsEmpty()) << "one is nothing";
  for (int i = 0; i < 10; ++i) clients.push_back(SendFromThePast(listener));
  Read(*netns_);
  const auto findings = Find(*netns_, kPawsDrops);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kInfo);
  EXPECT_NE(EvidenceValue(findings[0], "TcpExtPAWSEstab"), "");
}

// Gone since Linux 4.12.
TEST_F(RulesRootTest, NoTwRecycleWhereTheKernelHasNone) {
  if (netns_->SetSysctl("net.ipv4.tcp_tw_recycle", "1").ok()) GTEST_SKIP() << "a kernel before 4.12";
  Read(*netns_);
  EXPECT_EQ(SysctlText(*Value(*netns_), "net.ipv4.tcp_tw_recycle"), nullptr);
  EXPECT_THAT(Find(*netns_, kTwRecycle), IsEmpty());
}

// ---- memory and connection tracking

TEST_F(RulesRootTest, UdpReceiveBufferIsFull) {
  const auto receiver = netns_->Run([] {
    sys::UniqueFd fd(socket(AF_INET, SOCK_DGRAM, 0));
    const int least = 0;
    EXPECT_EQ(setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
    const sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    EXPECT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&any), sizeof(any)), 0);
    return fd;
  });
  sockaddr_in address = {};
  socklen_t size = sizeof(address);
  ASSERT_EQ(getsockname(receiver.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto sender = netns_->Run([] { return sys::UniqueFd(socket(AF_INET, SOCK_DGRAM, 0)); });
  const auto send_some = [&](int count) {
    const std::array<char, 1000> payload = {};
    for (int i = 0; i < count; ++i) {
      ASSERT_EQ(sendto(sender.get(), payload.data(), payload.size(), 0,
                       reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
                static_cast<ssize_t>(payload.size()));
    }
  };
  Read(*netns_);
  send_some(8);
  Read(*netns_);
  EXPECT_GE(IncreaseBy(*Value(*netns_), "UdpRcvbufErrors"), 1u);
  EXPECT_THAT(Find(*netns_, kMemoryWalls), IsEmpty());
  send_some(50);
  Read(*netns_);
  const auto findings = Find(*netns_, kMemoryWalls);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_GE(std::stoi(EvidenceValue(findings[0], "UdpRcvbufErrors")), 50);
}

// The limit is the node's, so only the near miss can be made here.
TEST_F(RulesRootTest, ConnectionTrackingIsCountedByNamespace) {
  LISTENQ_SKIP_UNLESS_TOOL("nft");
  (void)netns_->Exec(
      "nft 'add table ip lqt; add chain ip lqt in { type filter hook input priority 0; };"
      " add rule ip lqt in ct state new accept'");
  const auto listener = test::Listen(*netns_, {});
  const auto connections = Fill(listener, 3);
  Read(*netns_);
  EXPECT_EQ(SysctlNumberOf(*Value(*netns_), "net.netfilter.nf_conntrack_count"), 3u);
  EXPECT_GT(SysctlNumberOf(*Value(*netns_), "net.netfilter.nf_conntrack_max").value_or(0), 0u);
  EXPECT_THAT(Find(*netns_, kConntrackPressure), IsEmpty());
}

// ---- sysctls

TEST_F(RulesRootTest, DeclaredSysctlIsNotInForce) {
  discover::Pod pod = test::MakePod("web-0", 's', {{test::Id('a'), "nginx", "nginx:1"}});
  auto detail = std::make_shared<discover::SandboxDetail>(*test::MakeDetail(0, netns_->path()));
  detail->declared_sysctls = std::make_shared<const discover::SysctlMap>(
      discover::SysctlMap{{"net.core.somaxconn", "1024"}, {"net.ipv4.ip_local_port_range", "1024 65000"}});
  pod.detail = detail;
  pod.confirmed = clock_.Now();
  names_.Set(test::NamesOf({pod}));
  SetSysctl("net.core.somaxconn", "1024");
  SetSysctl("net.ipv4.ip_local_port_range", "1024 65000");
  Read(*netns_);
  EXPECT_THAT(Find(*netns_, kSysctlNotInForce), IsEmpty());
  // As a container of the pod may do that is privileged.
  SetSysctl("net.core.somaxconn", "128");
  Read(*netns_);
  EXPECT_THAT(Find(*netns_, kSysctlNotInForce), IsEmpty()) << "the namespace is new";
  clock_.Advance(absl::Seconds(30));
  Read(*netns_);
  const auto findings = Find(*netns_, kSysctlNotInForce);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_EQ(EvidenceValue(findings[0], "net.core.somaxconn"), "128");
  EXPECT_EQ(EvidenceValue(findings[0], "net.core.somaxconn as declared"), "1024");
  EXPECT_EQ(EvidenceValue(findings[0], "net.ipv4.ip_local_port_range"), "");
  EXPECT_THAT(findings[0].fix, HasSubstr("securityContext.sysctls"));
}

// The node has more (its default is 128 or 4096), and the listener would take more.
TEST_F(RulesRootTest, NodesSomaxconnDoesNotReachTheNamespace) {
  SetSysctl("net.core.somaxconn", "64");
  const auto small = test::Listen(*netns_, {.backlog = 10});
  Read(*netns_);
  clock_.Advance(absl::Seconds(30));
  Read(*netns_);
  EXPECT_THAT(Find(*netns_, kSysctlNotInForce), IsEmpty()) << "its own backlog is what limits it";
  const auto clamped = test::Listen(*netns_, {.backlog = 4096});
  Read(*netns_);
  const auto findings = Find(*netns_, kSysctlNotInForce);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kInfo);
  EXPECT_EQ(EvidenceValue(findings[0], "net.core.somaxconn"), "64");
  EXPECT_NE(EvidenceValue(findings[0], "net.core.somaxconn on the node"), "");
}

}  // namespace
}  // namespace listenq::analyze
