// Each way to lose (or to seem to lose) a connection attempt, with real packets: what the kernel's numbers
// do, and what the agent makes of them. The client's addresses belong to nobody: no kernel answers for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/model/drop.h"
#include "tests/root/namespace_watch.h"
#include "tests/support/packets.h"
#include "tests/support/skip.h"
#include "tests/support/sockets.h"
#include "tests/support/test_netns.h"
#include "tests/support/tool_output.h"

namespace listenq::test {
namespace {

using ::testing::SizeIs;

constexpr char kServer[] = "10.77.0.1";
constexpr char kRouter[] = "10.77.0.2";
constexpr char kClient[] = "10.77.1.9";
constexpr char kUnroutable[] = "192.0.2.9";
constexpr uint16_t kFirstClientPort = 20000;
constexpr uint16_t kBarrierPort = 1;

// How far the kernel's own numbers moved, as ss and nstat print them.
struct KernelDelta {
  uint32_t sk_drops = 0;
  uint64_t listen_drops = 0;
  uint64_t overflows = 0;
  bool operator==(const KernelDelta&) const = default;
};
std::ostream& operator<<(std::ostream& out, const KernelDelta& delta) {
  return out << "sk_drops +" << delta.sk_drops << ", ListenDrops +" << delta.listen_drops
             << ", ListenOverflows +" << delta.overflows;
}

class KernelDrops : public ::testing::Test {
 protected:
  void SetUp() override {
    LISTENQ_SKIP_UNLESS_ROOT();
    for (const char* tool : {"ip", "ss", "nstat"}) LISTENQ_SKIP_UNLESS_TOOL(tool);
    PinToOneCpu();
    server_.emplace();
    client_.emplace();
    ConnectByVeth(*server_, absl::StrCat(kServer, "/24"), *client_, absl::StrCat(kRouter, "/24"));
    (void)server_->Exec(absl::StrCat("ip route add 10.77.1.0/24 via ", kRouter));
    ASSERT_TRUE(client_->SetSysctl("net.ipv4.ip_forward", "0").ok());
    // Both copy the node's value; with any of them set, a SYN without a route back ends before TCP.
    for (const absl::string_view device : {"all", kVethName}) {
      ASSERT_TRUE(server_->SetSysctl(absl::StrCat("net.ipv4.conf.", device, ".rp_filter"), "0").ok());
    }
    wire_.emplace(*client_);
    watch_ = std::make_unique<NamespaceWatch>(*server_);
  }

  void TearDown() override { sched_setaffinity(0, sizeof(old_cpus_), &old_cpus_); }

  void SetServerSysctl(absl::string_view name, absl::string_view value) {
    ASSERT_TRUE(server_->SetSysctl(name, value).ok()) << name;
  }

  void ListenWith(ListenOptions options) {
    options.address = kServer;
    listener_ = Listen(*server_, options);
  }

  // ---- packets; client N is a port of its own

  [[nodiscard]] Segment FromClient(int n, uint8_t flags) const {
    return {.source = {.address = ParseIpv4(kClient), .port = static_cast<uint16_t>(kFirstClientPort + n)},
            .destination = {.address = ParseIpv4(kServer), .port = listener_.port},
            .seq = 1000,
            .flags = flags};
  }
  void SendSyn(int n) { wire_->Send(FromClient(n, kSyn)); }
  void SendSyns(int first, int count) {
    for (int n = first; n < first + count; ++n) SendSyn(n);
  }
  Segment Hear(int n, uint8_t flags) {
    const uint16_t port = static_cast<uint16_t>(kFirstClientPort + n);
    const auto segment =
        wire_->Receive([&](const Segment& s) { return s.destination.port == port && s.flags == flags; });
    if (!segment.has_value()) {
      ADD_FAILURE() << "client " << n << " heard no segment with flags " << static_cast<int>(flags);
      return {};
    }
    return *segment;
  }
  Segment HearSynAck(int n) { return Hear(n, kSyn | kAck); }
  // The third segment of the handshake, by the server's second.
  [[nodiscard]] Segment ThirdAck(int n, const Segment& syn_ack) const {
    Segment segment = FromClient(n, kAck);
    segment.seq += 1;
    segment.ack = syn_ack.seq + 1;
    return segment;
  }
  std::vector<Segment> OpenHalf(int first, int count) {
    std::vector<Segment> acks;
    for (int n = first; n < first + count; ++n) {
      SendSyn(n);
      acks.push_back(ThirdAck(n, HearSynAck(n)));
    }
    return acks;
  }
  void SendAll(const std::vector<Segment>& segments) {
    for (const Segment& segment : segments) wire_->Send(segment);
  }
  void Establish(int first, int count) { SendAll(OpenHalf(first, count)); }

  // Everything sent so far was processed: packets of one CPU stay in order, and a closed port answers.
  void Settle() {
    Segment probe = FromClient(next_barrier_++, kSyn);
    probe.destination.port = kBarrierPort;
    wire_->Send(probe);
    const auto answer = wire_->Receive([&](const Segment& s) { return s.destination == probe.source; });
    ASSERT_TRUE(answer.has_value()) << "the server does not answer";
    ASSERT_TRUE(answer->flags & kRst);
  }

  // ---- the interval

  void Begin() {
    Settle();
    (void)watch_->ReadFull();
    before_ = ReadKernel();
  }
  void End() {
    Settle();
    after_ = ReadKernel();
    event_ = watch_->ReadFull();
  }
  [[nodiscard]] uint64_t Moved(const std::string& counter) const {
    return after_.counters.at(counter) - before_.counters.at(counter);
  }
  [[nodiscard]] KernelDelta Kernel() const {
    return {.sk_drops = after_.sk_drops - before_.sk_drops,
            .listen_drops = Moved("TcpExtListenDrops"),
            .overflows = Moved("TcpExtListenOverflows")};
  }

  void ExpectNoDropEvent() {
    EXPECT_FALSE(event_.has_value()) << event_->counts.total() << " listen drops were reported";
    const model::Listener* seen = watch_->Find(listener_.cookie);
    ASSERT_NE(seen, nullptr);
    EXPECT_EQ(seen->drops, model::DropBounds{});
    EXPECT_EQ(seen->reading.sk_drops, after_.sk_drops);
  }

  // All of it is exactly this listener's.
  void ExpectDropEvent(const model::DropCounts& counts) {
    ASSERT_TRUE(event_.has_value()) << "no listen drops were reported";
    EXPECT_EQ(event_->counts.accept_queue_full, counts.accept_queue_full);
    EXPECT_EQ(event_->counts.syn_queue_full, counts.syn_queue_full);
    EXPECT_EQ(event_->counts.probably_syn_queue, counts.probably_syn_queue);
    EXPECT_EQ(event_->counts.other, counts.other);
    EXPECT_EQ(event_->unattributed, 0u);
    ASSERT_THAT(event_->shares, SizeIs(1));
    EXPECT_EQ(event_->shares[0].listener.cookie, listener_.cookie);
    EXPECT_EQ(event_->shares[0].drops.min, counts.total());
    EXPECT_EQ(event_->shares[0].drops.max, counts.total());
  }

  struct KernelView {
    uint32_t sk_drops = 0;
    std::map<std::string, uint64_t> counters;
  };
  KernelView ReadKernel() {
    KernelView view{.counters = RunNstat(*server_)};
    for (const SsListener& listener : RunSs(*server_)) {
      if (listener.cookie == listener_.cookie) view.sk_drops = listener.drops;
    }
    return view;
  }

  void PinToOneCpu() {
    ASSERT_EQ(sched_getaffinity(0, sizeof(old_cpus_), &old_cpus_), 0);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  }

  cpu_set_t old_cpus_{};
  std::optional<TestNetns> server_;
  std::optional<TestNetns> client_;
  std::optional<RawWire> wire_;
  std::unique_ptr<NamespaceWatch> watch_;
  TestListener listener_;
  int next_barrier_ = 10000;
  KernelView before_;
  KernelView after_;
  std::optional<model::DropEvent> event_;
};

// ---- sk_drops moves, nothing is lost

TEST_F(KernelDrops, RepeatedSynAtAHealthyListener) {
  ListenWith({});
  SendSyn(1);
  Begin();
  for (int i = 0; i < 3; ++i) SendSyn(1);
  End();
  EXPECT_EQ(Kernel(), (KernelDelta{.sk_drops = 3}));
  EXPECT_GE(Moved("TcpExtTCPSynRetrans"), 1u);
  ExpectNoDropEvent();
}

TEST_F(KernelDrops, BareAckUnderDeferAccept) {
  ListenWith({.defer_accept = 10});
  const Segment ack = OpenHalf(1, 1).front();
  Begin();
  for (int i = 0; i < 3; ++i) wire_->Send(ack);
  End();
  EXPECT_EQ(Kernel(), (KernelDelta{.sk_drops = 3}));
  EXPECT_EQ(Moved("TcpExtTCPDeferAcceptDrop"), 3u);
  ExpectNoDropEvent();
}

TEST_F(KernelDrops, SynRefusedByASocketFilter) {
  ListenWith({.refuse_by_filter = true});
  Begin();
  SendSyns(1, 5);
  End();
  EXPECT_EQ(Kernel(), (KernelDelta{.sk_drops = 5}));
  ExpectNoDropEvent();
}

TEST_F(KernelDrops, StrayFlags) {
  ListenWith({});
  Begin();
  wire_->Send(FromClient(1, kSyn | kFin));
  wire_->Send(FromClient(2, 0));
  wire_->Send(FromClient(3, kRst));
  End();
  EXPECT_EQ(Kernel(), (KernelDelta{.sk_drops = 3}));
  ExpectNoDropEvent();
}

TEST_F(KernelDrops, ClientResetsInSynRecv) {
  ListenWith({});
  Segment reset = OpenHalf(1, 1).front();
  reset.flags = kRst;
  Begin();
  wire_->Send(reset);
  End();
  EXPECT_EQ(Kernel(), (KernelDelta{.sk_drops = 1}));
  EXPECT_EQ(Moved("TcpExtEmbryonicRsts"), 1u);
  EXPECT_EQ(Moved("TcpAttemptFails"), 1u);
  ExpectNoDropEvent();
}

// ---- accept queue full

TEST_F(KernelDrops, AcceptQueueFullAtTheSyn) {
  ListenWith({.backlog = 0});
  Establish(1, 1);
  Begin();
  SendSyns(2, 3);
  End();
  EXPECT_EQ(Kernel(), (KernelDelta{.sk_drops = 3, .listen_drops = 3, .overflows = 3}));
  ExpectDropEvent({.accept_queue_full = 3});
}

// A limit of 4 holds 5: of three half-open connections one still fits.
TEST_F(KernelDrops, AcceptQueueFullAtTheThirdAck) {
  ListenWith({.backlog = 4});
  Establish(1, 4);
  const std::vector<Segment> acks = OpenHalf(5, 3);
  Begin();
  SendAll(acks);
  End();
  EXPECT_EQ(Kernel(), (KernelDelta{.sk_drops = 4, .listen_drops = 2, .overflows = 2}));
  EXPECT_EQ(Moved("TcpExtEmbryonicRsts"), 0u);
  ASSERT_NO_FATAL_FAILURE(ExpectDropEvent({.accept_queue_full = 2}));
  EXPECT_EQ(event_->shares[0].peak_queue, 5u);
}

TEST_F(KernelDrops, AcceptQueueFullAtTheThirdAckWithAbortOnOverflow) {
  SetServerSysctl("net.ipv4.tcp_abort_on_overflow", "1");
  ListenWith({.backlog = 4});
  Establish(1, 4);
  const std::vector<Segment> acks = OpenHalf(5, 3);
  Begin();
  SendAll(acks);
  (void)Hear(6, kRst);
  (void)Hear(7, kRst);
  End();
  EXPECT_EQ(Kernel(), (KernelDelta{.sk_drops = 4, .listen_drops = 2, .overflows = 2}));
  EXPECT_EQ(Moved("TcpExtEmbryonicRsts"), 2u);
  ExpectDropEvent({.accept_queue_full = 2});
}

TEST_F(KernelDrops, CookieAcksBeyondAFullAcceptQueue) {
  SetServerSysctl("net.ipv4.tcp_syncookies", "2");  // a cookie for every SYN
  ListenWith({.backlog = 4});
  const std::vector<Segment> acks = OpenHalf(1, 5);
  Establish(6, 5);
  Begin();
  SendAll(acks);
  End();
  EXPECT_EQ(Kernel(), (KernelDelta{.sk_drops = 5, .listen_drops = 5, .overflows = 5}));
  EXPECT_EQ(Moved("TcpExtSyncookiesRecv"), 5u);
  ExpectDropEvent({.accept_queue_full = 5});
}

// ---- SYN queue

// Full when longer than the limit since 6.14 or so, when as long as it before.
TEST_F(KernelDrops, SynQueueFullWithoutCookies) {
  SetServerSysctl("net.ipv4.tcp_syncookies", "0");
  ListenWith({.backlog = 4});
  Begin();
  SendSyns(1, 10);
  End();
  const uint64_t lost = Moved("TcpExtTCPReqQFullDrop");
  EXPECT_THAT(lost, ::testing::AnyOf(5u, 6u));
  EXPECT_EQ(Kernel(), (KernelDelta{.sk_drops = static_cast<uint32_t>(lost), .listen_drops = lost}));
  ExpectDropEvent({.syn_queue_full = lost});
}

// Fewer than a quarter of tcp_max_syn_backlog left: unknown peers are refused.
TEST_F(KernelDrops, MaxSynBacklogWithoutCookies) {
  SetServerSysctl("net.ipv4.tcp_syncookies", "0");
  SetServerSysctl("net.ipv4.tcp_max_syn_backlog", "8");
  ListenWith({.backlog = 100});
  Begin();
  SendSyns(1, 20);
  End();
  EXPECT_EQ(Kernel(), (KernelDelta{.sk_drops = 13, .listen_drops = 13}));
  EXPECT_EQ(Moved("TcpExtTCPReqQFullDrop"), 0u);
  ExpectDropEvent({.probably_syn_queue = 13});
}

TEST_F(KernelDrops, SynQueueFullIsAnsweredByCookies) {
  SetServerSysctl("net.ipv4.tcp_syncookies", "1");
  ListenWith({.backlog = 4});
  Begin();
  SendSyns(1, 10);
  End();
  EXPECT_EQ(Kernel(), KernelDelta{});
  EXPECT_THAT(Moved("TcpExtTCPReqQFullDoCookies"), ::testing::AnyOf(5u, 6u));
  EXPECT_EQ(Moved("TcpExtSyncookiesSent"), Moved("TcpExtTCPReqQFullDoCookies"));
  ExpectNoDropEvent();
}

TEST_F(KernelDrops, MaxSynBacklogDoesNotBoundWithCookies) {
  SetServerSysctl("net.ipv4.tcp_syncookies", "1");
  SetServerSysctl("net.ipv4.tcp_max_syn_backlog", "8");
  ListenWith({.backlog = 100});
  Begin();
  SendSyns(1, 20);
  End();
  EXPECT_EQ(Kernel(), KernelDelta{});
  ExpectNoDropEvent();
}

TEST_F(KernelDrops, ForgedAcksWithABadCookie) {
  SetServerSysctl("net.ipv4.tcp_syncookies", "2");
  ListenWith({});
  std::vector<Segment> acks = OpenHalf(1, 3);
  for (Segment& ack : acks) ack.ack += 0x10000000;
  Begin();
  SendAll(acks);
  End();
  EXPECT_EQ(Kernel(), KernelDelta{});
  EXPECT_EQ(Moved("TcpExtSyncookiesFailed"), 3u);
  ExpectNoDropEvent();
}

// ---- other

TEST_F(KernelDrops, SynWithoutARouteBack) {
  ListenWith({});
  Begin();
  for (int n = 1; n <= 4; ++n) {
    Segment syn = FromClient(n, kSyn);
    syn.source.address = ParseIpv4(kUnroutable);
    wire_->Send(syn);
  }
  End();
  EXPECT_EQ(Kernel(), (KernelDelta{.sk_drops = 4, .listen_drops = 4}));
  ExpectDropEvent({.other = 4});
}

TEST_F(KernelDrops, HostUnreachableForTheSynAck) {
  ListenWith({});
  SendSyn(1);
  const Segment syn_ack = HearSynAck(1);
  Begin();
  wire_->Send(SerializeHostUnreachable(ParseIpv4(kRouter), syn_ack));
  End();
  EXPECT_EQ(Kernel(), (KernelDelta{.sk_drops = 1, .listen_drops = 1}));
  ExpectDropEvent({.other = 1});
}

// ---- two listeners

// One full, one healthy with repeated SYNs: sk_drops can't tell whose the two lost ones are.
TEST_F(KernelDrops, LossesAreBoundedWhenAHealthyListenerMovedToo) {
  ListenWith({});
  const TestListener healthy = std::exchange(listener_, {});
  Segment repeated = FromClient(1, kSyn);
  repeated.destination.port = healthy.port;
  wire_->Send(repeated);
  ListenWith({.backlog = 0});
  Establish(2, 1);
  Begin();
  SendSyns(3, 2);
  for (int i = 0; i < 4; ++i) wire_->Send(repeated);
  End();
  EXPECT_EQ(Kernel(), (KernelDelta{.sk_drops = 2, .listen_drops = 2, .overflows = 2}));
  ASSERT_TRUE(event_.has_value());
  EXPECT_EQ(event_->counts, (model::DropCounts{.accept_queue_full = 2}));
  EXPECT_EQ(event_->unattributed, 2u);
  ASSERT_THAT(event_->shares, SizeIs(2));
  for (const model::DropShare& share : event_->shares) {
    const bool full = share.listener.cookie == listener_.cookie;
    EXPECT_EQ(share.drops, (model::DropBounds{.min = 0, .max = 2, .inferred = full ? 2u : 0u})) << full;
  }
}

// A listener that is closed takes its sk_drops with it; the namespace's counters stay.
TEST_F(KernelDrops, LossesOfAClosedListenerAreUnattributed) {
  ListenWith({.backlog = 0});
  Establish(1, 1);
  Begin();
  SendSyns(2, 3);
  Settle();
  listener_.fd.reset();
  End();
  EXPECT_EQ(Moved("TcpExtListenDrops"), 3u);
  ASSERT_TRUE(event_.has_value());
  EXPECT_EQ(event_->counts, (model::DropCounts{.accept_queue_full = 3}));
  EXPECT_EQ(event_->unattributed, 3u);
  EXPECT_THAT(event_->shares, ::testing::IsEmpty());
}

}  // namespace
}  // namespace listenq::test
