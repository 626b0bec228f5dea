#include "agent/collect/collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "agent/model/sysctl.h"
#include "tests/support/confine.h"
#include "tests/support/skip.h"
#include "tests/support/sockets.h"
#include "tests/support/test_netns.h"

namespace listenq::collect {
namespace {

using ::testing::Contains;
using ::testing::Eq;
using ::testing::Field;
using ::testing::HasSubstr;

// One namespace, and what the collector was told of it last.
class Subject {
 public:
  explicit Subject(const test::NetnsRunner& netns, std::vector<uint32_t> pids = {})
      : paths_({netns.path()}), pids_(std::move(pids)) {
    target_.id = *sys::StatFile(netns.path());
    target_.paths = paths_;
    target_.pids = pids_;
    target_.plan = &plan_;
  }
  Subject(const Subject&) = delete;

  absl::StatusOr<model::NamespaceReading> Read(Collector& collector) {
    auto reading = std::move(collector.Read({&target_, 1}).front());
    if (!reading.ok()) return reading;
    if (reading->listeners.has_value()) known_ = *reading->listeners;
    target_.known = known_;
    target_.known_listen_drops = reading->netstat_after.Get("TcpExtListenDrops");
    target_.known_sockets = reading->sockets;
    if (reading->sysctls != nullptr) target_.known_sysctls = reading->sysctls;
    return reading;
  }
  absl::StatusOr<model::RefreshReading> Refresh(Collector& collector) {
    return std::move(collector.Refresh({&target_, 1}).front());
  }
  Target& target() { return target_; }
  const RefreshPlan& plan() const { return plan_; }

 private:
  std::vector<std::string> paths_;
  std::vector<uint32_t> pids_;
  RefreshPlan plan_;
  std::vector<model::ListenerReading> known_;
  Target target_;
};

std::set<uint64_t> Cookies(const std::vector<model::ListenerReading>& listeners) {
  std::set<uint64_t> cookies;
  for (const auto& listener : listeners) cookies.insert(listener.cookie);
  return cookies;
}

class CollectorTest : public ::testing::Test {
 protected:
  void SetUp() override { LISTENQ_SKIP_UNLESS_ROOT(); }

  sys::SystemClock clock_;
  Collector collector_{Collector::Options(), &clock_};
};

TEST_F(CollectorTest, ReadsEveryPart) {
  const test::TestNetns netns;
  const auto listener = test::Listen(netns, {.backlog = 7});
  const auto waiting = test::Connect(netns, listener.address, listener.port);
  Subject subject(netns);
  const auto reading = subject.Read(collector_);
  ASSERT_TRUE(reading.ok()) << reading.status();
  EXPECT_TRUE(reading->errors.empty());
  ASSERT_TRUE(reading->listeners.has_value());
  ASSERT_EQ(reading->listeners->size(), 1u);
  EXPECT_EQ(reading->listeners->front().queue, 1u);
  EXPECT_EQ(reading->listeners->front().limit, 7u);
  EXPECT_EQ(reading->listeners->front().cookie, listener.cookie);
  EXPECT_EQ(reading->netstat_before.Get("TcpExtListenDrops"), 0u);
  EXPECT_EQ(reading->snmp.Get("TcpPassiveOpens"), 1u);
  EXPECT_EQ(reading->sockets.time_wait, 0u);
  ASSERT_NE(reading->sysctls, nullptr);
  EXPECT_TRUE(reading->sysctls_in_full);
  EXPECT_EQ(model::SysctlNumber(*reading->sysctls, "net.ipv4.tcp_syncookies"), 1u);
}

TEST_F(CollectorTest, ASysctlThatIsNotThereIsAbsentWithItsReason) {
  const test::TestNetns netns;
  Subject subject(netns);
  const auto reading = subject.Read(collector_);
  ASSERT_TRUE(reading.ok()) << reading.status();
  const model::SysctlValue& value = reading->sysctls->values[*model::FindSysctl("net.ipv4.tcp_mem")];
  EXPECT_EQ(value.value, std::nullopt);
  EXPECT_TRUE(value.missing);
  EXPECT_THAT(value.unreadable_reason, Eq("not in this namespace: only the host has it"));
}

TEST_F(CollectorTest, AnEmptySysctlIsAValue) {
  const test::TestNetns netns;
  Subject subject(netns);
  const auto reading = subject.Read(collector_);
  ASSERT_TRUE(reading.ok()) << reading.status();
  EXPECT_EQ(reading->sysctls->values[*model::FindSysctl("net.ipv4.ip_local_reserved_ports")].value, "");
}

TEST_F(CollectorTest, RefreshReachesEveryMemberOfAGroup) {
  for (const size_t members : {4, 8}) {
    const test::TestNetns netns;
    const auto group = test::ListenGroup(netns, {.backlog = 3}, members);
    Subject subject(netns);
    ASSERT_TRUE(subject.Read(collector_).ok());
    EXPECT_FALSE(subject.plan().by_dump());
    for (int i = 0; i < 20; ++i) {
      const auto refreshed = subject.Refresh(collector_);
      ASSERT_TRUE(refreshed.ok()) << refreshed.status();
      EXPECT_EQ(refreshed->missing, 0u);
      EXPECT_EQ(Cookies(refreshed->listeners).size(), members);
    }
  }
}

TEST_F(CollectorTest, AGroupThatChangesIsNoticedAndLearntAnew) {
  const test::TestNetns netns;
  auto group = test::ListenGroup(netns, {.backlog = 3}, 8);
  Subject subject(netns);
  ASSERT_TRUE(subject.Read(collector_).ok());
  for (size_t left = 7; left > 1; --left) {
    group.pop_back();
    const auto refreshed = subject.Refresh(collector_);
    ASSERT_TRUE(refreshed.ok()) << refreshed.status();
    EXPECT_GT(refreshed->missing, 0u);
    ASSERT_TRUE(subject.Read(collector_).ok());
    EXPECT_EQ(subject.target().known.size(), left);
    EXPECT_EQ(subject.Refresh(collector_)->missing, 0u);
  }
}

TEST_F(CollectorTest, DeviceBoundListenersAreReachedOrDumped) {
  const test::TestNetns netns;
  const auto plain = test::Listen(netns, {.address = "0.0.0.0", .port = 8080, .reuse_port = true});
  const auto bound =
      test::Listen(netns, {.address = "0.0.0.0", .port = 8080, .reuse_port = true, .device = "lo"});
  const auto alone = test::Listen(netns, {.address = "0.0.0.0", .port = 8081, .device = "lo"});
  Subject subject(netns);
  ASSERT_TRUE(subject.Read(collector_).ok());
  // However many tries it takes to find out which of them no exact request reaches: few, and then all answer.
  for (int i = 0; i < 3 && subject.Refresh(collector_)->missing > 0; ++i)
    ASSERT_TRUE(subject.Read(collector_).ok());
  const auto refreshed = subject.Refresh(collector_);
  ASSERT_TRUE(refreshed.ok()) << refreshed.status();
  EXPECT_EQ(Cookies(refreshed->listeners), (std::set<uint64_t>{plain.cookie, bound.cookie, alone.cookie}));
  EXPECT_EQ(refreshed->missing, 0u);
}

TEST_F(CollectorTest, RefreshOfMoreThanOneBatchLosesNone) {
  const test::TestNetns netns;
  std::vector<test::TestListener> listeners;
  for (int i = 0; i < 350; ++i) listeners.push_back(test::Listen(netns, {}));
  Subject subject(netns);
  ASSERT_TRUE(subject.Read(collector_).ok());
  ASSERT_EQ(subject.target().known.size(), 350u);
  collector_.SetNodeListeners(1000000);  // a dump would be dear: exact requests
  const auto refreshed = subject.Refresh(collector_);
  ASSERT_TRUE(refreshed.ok()) << refreshed.status();
  EXPECT_EQ(Cookies(refreshed->listeners).size(), 350u);
  collector_.SetNodeListeners(0);  // cheap: by a dump
  const auto dumped = subject.Refresh(collector_);
  ASSERT_TRUE(dumped.ok()) << dumped.status();
  EXPECT_EQ(Cookies(dumped->listeners), Cookies(refreshed->listeners));
}

TEST_F(CollectorTest, WhereNothingChangedNoDumpIsNeeded) {
  const test::TestNetns netns;
  const auto listener = test::Listen(netns, {.mptcp = true});
  Subject subject(netns);
  ASSERT_TRUE(subject.Read(collector_).ok());
  subject.target().must_dump = false;
  const auto quiet = subject.Read(collector_);
  ASSERT_TRUE(quiet.ok()) << quiet.status();
  ASSERT_EQ(quiet->listeners->size(), 1u);
  EXPECT_EQ(quiet->listeners->front().protocol, model::Protocol::kMptcp);
  // A new listener shows in sockstat: it is found without being told to dump.
  const auto second = test::Listen(netns, {});
  const auto changed = subject.Read(collector_);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->listeners->size(), 2u);
}

TEST_F(CollectorTest, OverflowMovesCountersReadAfterTheDump) {
  const test::TestNetns netns;
  const auto listener = test::Listen(netns, {.backlog = 0});
  Subject subject(netns);
  ASSERT_TRUE(subject.Read(collector_).ok());
  const auto full = test::Connect(netns, listener.address, listener.port);
  const auto lost = test::StartConnects(netns, listener.address, listener.port, 3);
  const auto reading = subject.Read(collector_);
  ASSERT_TRUE(reading.ok()) << reading.status();
  EXPECT_GE(*reading->netstat_after.Get("TcpExtListenOverflows"), 3u);
  EXPECT_GE(*reading->listeners->front().sk_drops, 3u);
  EXPECT_TRUE(model::IsFull(reading->listeners->front()));
}

TEST_F(CollectorTest, MoreListenersThanKeptIsSaid) {
  const test::TestNetns netns;
  std::vector<test::TestListener> listeners;
  for (int i = 0; i < 5; ++i) listeners.push_back(test::Listen(netns, {}));
  Collector small({.max_listeners = 3}, &clock_);
  Subject subject(netns);
  const auto reading = subject.Read(small);
  ASSERT_TRUE(reading.ok()) << reading.status();
  EXPECT_TRUE(reading->listeners_truncated);
  EXPECT_EQ(reading->listeners->size(), 3u);
  // Those that are kept are refreshed; the others are not missed.
  const auto refreshed = subject.Refresh(small);
  ASSERT_TRUE(refreshed.ok()) << refreshed.status();
  EXPECT_EQ(refreshed->listeners.size(), 3u);
  EXPECT_EQ(refreshed->missing, 0u);
}

TEST_F(CollectorTest, WithoutSockDiagTheTcpTablesServeAndItIsSaid) {
  const test::TestNetns netns;
  const auto v4 = test::Listen(netns, {.port = 8080});
  const auto v6 = test::Listen(netns, {.address = "::", .port = 9090});
  const auto waiting = test::Connect(netns, v4.address, v4.port);
  test::RunWithoutSockDiag([&] {
    Collector collector({}, &clock_);
    Subject subject(netns);
    const auto reading = subject.Read(collector);
    ASSERT_TRUE(reading.ok()) << reading.status();
    EXPECT_THAT(reading->degraded_reason, HasSubstr("no limit, no drops"));
    EXPECT_THAT(reading->errors, Contains(Field(&model::PartError::part, "listeners")));
    ASSERT_EQ(reading->listeners->size(), 2u);
    const model::ListenerReading& first = reading->listeners->front();
    EXPECT_EQ(first.queue, 1u);
    EXPECT_EQ(first.inode, v4.inode);
    EXPECT_EQ(first.limit, std::nullopt);
    EXPECT_EQ(reading->netstat_before.Get("TcpExtListenDrops"), 0u);
    ASSERT_NE(reading->sysctls, nullptr);
    EXPECT_EQ(subject.Refresh(collector).status().code(), absl::StatusCode::kFailedPrecondition);
  });
}

TEST_F(CollectorTest, WithoutSysAdminTheProcFolderOfAProcessServes) {
  std::optional<test::TestListener> listener;
  const test::UnpinnedNetns netns;
  listener = test::Listen(netns, {.port = 8080});
  test::RunWithCapabilities({CAP_SYS_PTRACE}, [&] {
    Collector collector({}, &clock_);
    Subject subject(netns, {static_cast<uint32_t>(netns.pid())});
    const auto reading = subject.Read(collector);
    ASSERT_TRUE(reading.ok()) << reading.status();
    ASSERT_EQ(reading->errors.size(), 1u);
    EXPECT_THAT(reading->errors[0].reason, HasSubstr("needs CAP_SYS_ADMIN"));
    EXPECT_THAT(reading->degraded_reason, HasSubstr("without entering"));
    ASSERT_EQ(reading->listeners->size(), 1u);
    EXPECT_EQ(reading->listeners->front().port, 8080);
    EXPECT_EQ(reading->sysctls, nullptr);
    EXPECT_EQ(reading->netstat_before.Get("TcpExtListenDrops"), 0u);
  });
}

TEST_F(CollectorTest, OneThatDiedInTheMiddleIsNotFoundAndTheOthersAreRead) {
  const test::TestNetns alive;
  auto dying = std::make_unique<test::UnpinnedNetns>();
  Subject one(alive);
  Subject two(*dying);
  dying.reset();
  const std::vector<Target> targets = {two.target(), one.target()};
  const auto readings = collector_.Read(targets);
  EXPECT_EQ(readings[0].status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(readings[1].ok()) << readings[1].status();
}

}  // namespace
}  // namespace listenq::collect
