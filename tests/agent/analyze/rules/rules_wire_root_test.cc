// Rules about handshakes, with segments that no kernel's own client sends. The client's addresses belong to
// nobody: no kernel answers for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/analyze/rules/abort_on_overflow.h"
#include "agent/analyze/rules/loss_is_not_here.h"
#include "agent/analyze/rules/syn_queue_full.h"
#include "agent/analyze/rules/values.h"
#include "tests/agent/analyze/rules/scanned.h"
#include "tests/support/packets.h"
#include "tests/support/sockets.h"
#include "tests/support/tool_output.h"
#include "tests/support/wait.h"

namespace listenq::analyze {
namespace {

using model::Severity;
using test::Segment;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kServer[] = "10.77.0.1";
constexpr char kRouter[] = "10.77.0.2";
constexpr char kClient[] = "10.77.1.9";
constexpr uint16_t kFirstClientPort = 20000;
constexpr uint16_t kClosedPort = 1;

class RulesWireTest : public ScannedTest {
 protected:
  void SetUp() override {
    ScannedTest::SetUp();
    if (IsSkipped()) return;
    for (const char* tool : {"ip", "nstat"}) LISTENQ_SKIP_UNLESS_TOOL(tool);
    PinToOneCpu();
    server_.emplace();
    client_.emplace();
    test::ConnectByVeth(*server_, absl::StrCat(kServer, "/24"), *client_, absl::StrCat(kRouter, "/24"));
    (void)server_->Exec(absl::StrCat("ip route add 10.77.1.0/24 via ", kRouter));
    ASSERT_TRUE(client_->SetSysctl("net.ipv4.ip_forward", "0").ok());
    wire_.emplace(*client_);
  }
  void TearDown() override {
    if (pinned_) sched_setaffinity(0, sizeof(old_cpus_), &old_cpus_);
  }

  // A server with these sysctls that was read once.
  void Serve(const std::vector<std::pair<std::string, std::string>>& sysctls, int backlog) {
    for (const auto& [name, value] : sysctls) ASSERT_TRUE(server_->SetSysctl(name, value).ok()) << name;
    listener_ = test::Listen(*server_, {.address = kServer, .backlog = backlog});
    Read(*server_);
  }

  [[nodiscard]] Segment FromClient(int n, uint8_t flags) const {
    return {
        .source = {.address = test::ParseIpv4(kClient), .port = static_cast<uint16_t>(kFirstClientPort + n)},
        .destination = {.address = test::ParseIpv4(kServer), .port = listener_.port},
        .seq = 1000,
        .flags = flags};
  }
  void SendSyns(int first, int count) {
    for (int n = first; n < first + count; ++n) wire_->Send(FromClient(n, test::kSyn));
  }
  // The third segment of a handshake whose first two are done.
  Segment OpenHalf(int n) {
    wire_->Send(FromClient(n, test::kSyn));
    const auto answer = wire_->Receive([&](const Segment& segment) {
      return segment.destination.port == kFirstClientPort + n && segment.flags == (test::kSyn | test::kAck);
    });
    EXPECT_TRUE(answer.has_value()) << "client " << n << " heard no SYN-ACK";
    Segment ack = FromClient(n, test::kAck);
    ack.seq += 1;
    ack.ack = answer.value_or(Segment()).seq + 1;
    return ack;
  }
  // Everything sent so far was processed: packets of one CPU stay in order, and a closed port answers.
  void Settle() {
    Segment probe = FromClient(next_probe_++, test::kSyn);
    probe.destination.port = kClosedPort;
    wire_->Send(probe);
    const auto answer = wire_->Receive([&](const Segment& s) { return s.destination == probe.source; });
    ASSERT_TRUE(answer.has_value()) << "the server does not answer";
  }
  void SettleAndRead() {
    Settle();
    Read(*server_);
  }

  void PinToOneCpu() {
    ASSERT_EQ(sched_getaffinity(0, sizeof(old_cpus_), &old_cpus_), 0);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
    pinned_ = true;
  }

  cpu_set_t old_cpus_{};
  bool pinned_ = false;
  std::optional<test::TestNetns> server_;
  std::optional<test::TestNetns> client_;
  std::optional<test::RawWire> wire_;
  test::TestListener listener_;
  int next_probe_ = 10000;
};

// ---- syn-queue-full

TEST_F(RulesWireTest, SynQueueFullWithoutCookies) {
  Serve({{"net.ipv4.tcp_syncookies", "0"}}, 4);
  SendSyns(1, 4);
  SettleAndRead();
  EXPECT_THAT(Find(*server_, kSynQueueFull), IsEmpty()) << "four fit";
  SendSyns(5, 6);
  SettleAndRead();
  const auto findings = Find(*server_, kSynQueueFull);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kCritical);
  ASSERT_NE(findings[0].listener, nullptr);
  EXPECT_EQ(findings[0].listener->reading.cookie, listener_.cookie);
  // Full when longer than the limit since 6.14 or so, when as long as it before.
  EXPECT_THAT(EvidenceValue(findings[0], "TcpExtTCPReqQFullDrop"), AnyOf("5", "6"));
}

TEST_F(RulesWireTest, MaxSynBacklogWithoutCookies) {
  Serve({{"net.ipv4.tcp_syncookies", "0"}, {"net.ipv4.tcp_max_syn_backlog", "8"}}, 100);
  SendSyns(1, 20);
  SettleAndRead();
  const auto findings = Find(*server_, kSynQueueFull);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtListenDrops beyond TcpExtListenOverflows"), "13");
  EXPECT_EQ(EvidenceValue(findings[0], "net.ipv4.tcp_max_syn_backlog"), "8");
}

TEST_F(RulesWireTest, SynQueueFullIsAnsweredByCookies) {
  Serve({{"net.ipv4.tcp_syncookies", "1"}}, 4);
  SendSyns(1, 10);
  SettleAndRead();
  const auto findings = Find(*server_, kSynQueueFull);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kInfo);
  EXPECT_THAT(EvidenceValue(findings[0], "TcpExtSyncookiesSent"), AnyOf("5", "6"));
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtSyncookiesRecv"), "0");
}

TEST_F(RulesWireTest, CookiesForAllAreNoFullQueue) {
  Serve({{"net.ipv4.tcp_syncookies", "2"}}, 100);
  SendSyns(1, 10);
  SettleAndRead();
  EXPECT_EQ(IncreaseBy(*Value(*server_), "TcpExtSyncookiesSent"), 10u);
  EXPECT_THAT(Find(*server_, kSynQueueFull), IsEmpty());
}

// ---- abort-on-overflow

// A limit of 4 holds 5: of three half-open connections one still fits.
TEST_F(RulesWireTest, OverflowAtTheThirdAckIsReset) {
  Serve({{"net.ipv4.tcp_abort_on_overflow", "1"}}, 4);
  for (int n = 1; n <= 4; ++n) wire_->Send(OpenHalf(n));
  std::vector<Segment> acks;
  for (int n = 5; n <= 7; ++n) acks.push_back(OpenHalf(n));
  SettleAndRead();
  EXPECT_THAT(Find(*server_, kAbortOnOverflow), IsEmpty());
  for (const Segment& ack : acks) wire_->Send(ack);
  SettleAndRead();
  const auto findings = Find(*server_, kAbortOnOverflow);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtListenOverflows"), "2");
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtEmbryonicRsts"), "2");
  // What the finding advises.
  ASSERT_TRUE(server_->SetSysctl("net.ipv4.tcp_abort_on_overflow", "0").ok());
  Read(*server_);
  EXPECT_THAT(Find(*server_, kAbortOnOverflow), IsEmpty());
}

// ---- loss-is-not-here

// The path loses the third segment of some handshakes.
TEST_F(RulesWireTest, RepeatedSynAcksAreLostOnThePath) {
  Serve({}, 200);
  std::vector<sys::UniqueFd> served;
  for (int i = 0; i < 100; ++i) served.push_back(test::Connect(*client_, kServer, listener_.port));
  EXPECT_EQ(test::AcceptAll(listener_), 100u);
  SettleAndRead();
  EXPECT_THAT(Find(*server_, kLossIsNotHere), IsEmpty()) << "nothing was repeated";
  SendSyns(1, 20);
  ASSERT_TRUE(test::WaitUntil([&] { return test::RunNstat(*server_).at("TcpExtTCPSynRetrans") >= 20; }));
  Read(*server_);
  const auto findings = Find(*server_, kLossIsNotHere);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kInfo);
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtListenDrops"), "0");
  EXPECT_EQ(EvidenceValue(findings[0], "TcpPassiveOpens"), "100");
  EXPECT_THAT(findings[0].explanation, HasSubstr("SYN-ACKs were repeated"));
  // Now a listener loses some too.
  const auto full = test::Listen(*server_, {.address = kServer, .backlog = 0});
  const auto waiting = test::Connect(*client_, kServer, full.port);
  const auto lost = test::StartConnects(*client_, kServer, full.port, 1);
  Read(*server_);
  EXPECT_THAT(Find(*server_, kLossIsNotHere), IsEmpty());
}

}  // namespace
}  // namespace listenq::analyze
