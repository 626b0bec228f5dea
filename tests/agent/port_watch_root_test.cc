// From connections of a real namespace to the verdict: scanner, watch and walk together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "agent/analyze/findings.h"
#include "agent/analyze/rules/port_range_pressure.h"
#include "agent/port_watch.h"
#include "agent/scanner.h"
#include "agent/sys/clock.h"
#include "agent/walk_thread.h"
#include "tests/support/skip.h"
#include "tests/support/sockets.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint32_t kPorts = 200;

class PortWatchRootTest : public ::testing::Test {
 protected:
  void SetUp() override {
    LISTENQ_SKIP_UNLESS_ROOT();
    netns_.emplace();
    ASSERT_TRUE(netns_->SetSysctl("net.ipv4.ip_local_port_range", "40000 40209").ok());
    ASSERT_TRUE(netns_->SetSysctl("net.ipv4.ip_local_reserved_ports", "40200-40209").ok());
    listener_ = test::Listen(*netns_, {.port = 80, .backlog = 4096});
  }
  // Everything of the namespace is read, and whoever lacks ports is looked at.
  void Beat() {
    for (const auto& ns : scanner_.Latest()->namespaces) {
      if (ns->id->inode == netns_->inode()) scanner_.Heat({&ns->id->serial, 1});
    }
    scanner_.Beat();
    watch_.Look(*scanner_.Latest());
  }
  [[nodiscard]] std::shared_ptr<const model::Namespace> Value() const {
    for (const auto& ns : scanner_.Latest()->namespaces) {
      if (ns->id->inode == netns_->inode()) return ns;
    }
    return nullptr;
  }
  std::vector<model::Finding> Find() {
    static constexpr const analyze::Rule* kRule = &analyze::kPortRangePressure;
    snapshot_ = scanner_.Latest();
    return analyze::FindAll(
        *snapshot_, {&kRule, 1}, {},
        [&](const model::Namespace& ns) { return ns.id->inode == netns_->inode(); }, clock_.Now());
  }
  bool AwaitPortUse() {
    return test::WaitUntil([&] {
      Beat();
      return Value() != nullptr && Value()->port_use != nullptr;
    });
  }

  const sys::SystemClock clock_{};
  std::optional<test::TestNetns> netns_;
  test::TestListener listener_;
  Scanner scanner_{{.node_name = "here"}, &clock_};
  WalkThread walks_{[this](model::NetnsSerial serial) { return scanner_.FindWayIn(serial); }};
  PortWatch watch_{&walks_, &clock_,
                   [this](model::NetnsSerial serial, std::shared_ptr<const model::PortUse> use) {
                     scanner_.SetPortUse(serial, std::move(use));
                   }};
  std::shared_ptr<const model::Snapshot> snapshot_;
};

TEST_F(PortWatchRootTest, PortsOfOneDestination) {
  const auto connections = test::StartConnects(*netns_, "127.0.0.1", 80, kPorts * 3 / 4);
  ASSERT_TRUE(AwaitPortUse());
  const auto findings = Find();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, model::Severity::kWarning);
  EXPECT_THAT(findings[0].explanation,
              HasSubstr("150 of the 200 ephemeral ports (75%) are taken towards 127.0.0.1:80, 0 of them"));
}

TEST_F(PortWatchRootTest, PortsInTimeWait) {
  test::LeaveTimeWaits(*netns_, listener_, kPorts * 95 / 100);
  ASSERT_TRUE(AwaitPortUse());
  const auto findings = Find();
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, model::Severity::kCritical);
  EXPECT_THAT(findings[0].explanation, HasSubstr("190 of the 200 ephemeral ports (95%) are taken towards "
                                                 "127.0.0.1:80, 190 of them by TIME_WAIT"));
  EXPECT_THAT(findings[0].fix, HasSubstr("tcp_tw_reuse"));
}

// As many sockets, but no destination has most of the ports.
TEST_F(PortWatchRootTest, SilentWhereTheyGoToMany) {
  const auto other = test::Listen(*netns_, {.port = 81, .backlog = 4096});
  const auto to_one = test::StartConnects(*netns_, "127.0.0.1", 80, kPorts / 2);
  const auto to_other = test::StartConnects(*netns_, "127.0.0.1", 81, kPorts / 2);
  ASSERT_TRUE(AwaitPortUse());
  EXPECT_THAT(Value()->port_use->destinations, SizeIs(2));
  EXPECT_THAT(Find(), IsEmpty());
}

TEST_F(PortWatchRootTest, AQuietNamespaceIsNotWalked) {
  const auto connections = test::StartConnects(*netns_, "127.0.0.1", 80, 10);
  for (int i = 0; i < 3; ++i) Beat();
  walks_.Stop();  // all walks that were ordered are done
  Beat();
  ASSERT_NE(Value(), nullptr);
  EXPECT_GE(Value()->sockets.tcp_in_use.value_or(0), 20u);
  EXPECT_EQ(Value()->port_use, nullptr);
}

}  // namespace
}  // namespace listenq::agent
