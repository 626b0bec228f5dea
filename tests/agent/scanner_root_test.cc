#include "agent/scanner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/model/sysctl.h"
#include "tests/fakes/fake_clock.h"
#include "tests/support/confine.h"
#include "tests/support/skip.h"
#include "tests/support/sockets.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::agent {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using NamespacePtr = std::shared_ptr<const model::Namespace>;

class ScannerTest : public ::testing::Test {
 protected:
  void SetUp() override { LISTENQ_SKIP_UNLESS_ROOT(); }

  static ScannerOptions Options() {
    ScannerOptions options;
    options.node_name = "here";
    return options;
  }
  // One beat, a second after the last one.
  static void Beat(Scanner& scanner, test::FakeClock& clock) {
    clock.Advance(absl::Seconds(1));
    scanner.Beat();
  }
  static NamespacePtr Find(const std::vector<NamespacePtr>& list, uint64_t inode) {
    for (const NamespacePtr& value : list) {
      if (value->id->inode == inode) return value;
    }
    return nullptr;
  }
  static NamespacePtr Find(const Scanner& scanner, uint64_t inode) {
    return Find(scanner.Latest()->namespaces, inode);
  }

  // Other namespaces of the machine may lose connections too.
  static std::vector<model::DropEpisode> EpisodesOf(const Scanner& scanner, uint64_t inode) {
    std::vector<model::DropEpisode> episodes = scanner.Recorder().Episodes(absl::InfinitePast());
    std::erase_if(episodes, [&](const model::DropEpisode& episode) { return episode.netns->inode != inode; });
    return episodes;
  }

  test::FakeClock clock_;
};

TEST_F(ScannerTest, BeforeTheFirstBeatItIsNotComplete) {
  const Scanner scanner(Options(), &clock_);
  EXPECT_FALSE(scanner.Latest()->complete);
  EXPECT_EQ(scanner.Latest()->node.name, "here");
}

TEST_F(ScannerTest, ANewNamespaceIsThereAfterOneBeat) {
  Scanner scanner(Options(), &clock_);
  Beat(scanner, clock_);
  const test::TestNetns netns;
  const auto listener = test::Listen(netns, {.backlog = 9});
  EXPECT_EQ(Find(scanner, netns.inode()), nullptr);
  Beat(scanner, clock_);
  const NamespacePtr value = Find(scanner, netns.inode());
  ASSERT_NE(value, nullptr);
  EXPECT_TRUE(value->errors.empty());
  EXPECT_THAT(value->id->names, ElementsAre(netns.name()));
  EXPECT_TRUE(value->id->cookie.has_value());
  ASSERT_EQ(value->listeners.size(), 1u);
  EXPECT_EQ(value->listeners[0].reading.limit, 9u);
  EXPECT_EQ(value->listeners[0].limit_state, model::LimitState::kApplication);
}

TEST_F(ScannerTest, ANamespaceThatOnlyAProcessHoldsIsFoundAndNamedByIt) {
  Scanner scanner(Options(), &clock_);
  Beat(scanner, clock_);
  std::optional<test::TestListener> listener;
  const test::UnpinnedNetns netns;
  Beat(scanner, clock_);
  const NamespacePtr value = Find(scanner, netns.inode());
  ASSERT_NE(value, nullptr);
  ASSERT_EQ(value->owners->size(), 1u);
  EXPECT_EQ(value->owners->front().process->pid, static_cast<uint32_t>(netns.pid()));
  EXPECT_EQ(value->process_count, 1u);
}

TEST_F(ScannerTest, ADeadNamespaceLeavesWithinOneBeatAndIsKeptAsEnded) {
  Scanner scanner(Options(), &clock_);
  uint64_t inode = 0;
  {
    const test::TestNetns netns;
    const auto listener = test::Listen(netns, {.backlog = 9});
    inode = netns.inode();
    Beat(scanner, clock_);
    ASSERT_NE(Find(scanner, inode), nullptr);
  }
  Beat(scanner, clock_);
  EXPECT_EQ(Find(scanner, inode), nullptr);
  const NamespacePtr ended = Find(scanner.Latest()->ended, inode);
  ASSERT_NE(ended, nullptr);
  EXPECT_EQ(ended->ended, clock_.Now());
  ASSERT_EQ(ended->listeners.size(), 1u);
  EXPECT_EQ(ended->listeners[0].reading.limit, 9u);
  // As long as the flight recorder's samples.
  clock_.Advance(absl::Minutes(16));
  Beat(scanner, clock_);
  EXPECT_EQ(Find(scanner.Latest()->ended, inode), nullptr);
}

// A sysctl's descriptor reads ENOENT once its namespace is gone, and does not keep it alive.
TEST_F(ScannerTest, NothingWeHoldKeepsANamespaceAlive) {
  Scanner scanner(Options(), &clock_);
  auto netns = std::make_unique<test::UnpinnedNetns>([] {});
  const sys::UniqueFd witness = netns->Run([] {
    auto fd = sys::OpenForRead("/proc/sys/net/core/somaxconn");
    return fd.ok() ? *std::move(fd) : sys::UniqueFd();
  });
  ASSERT_TRUE(witness.valid());
  const auto is_gone = [&] {
    char byte = 0;
    return pread(witness.get(), &byte, 1, 0) < 0 && errno == ENOENT;
  };
  for (int i = 0; i < 3; ++i) Beat(scanner, clock_);
  ASSERT_NE(Find(scanner, netns->inode()), nullptr);
  ASSERT_FALSE(is_gone());
  netns.reset();
  // No beat between: whatever the scanner holds, it holds now.
  EXPECT_TRUE(test::WaitUntil(is_gone)) << "something keeps the namespace alive";
}

TEST_F(ScannerTest, QueuesAreRefreshedEverySecondAndPeaksStay) {
  Scanner scanner(Options(), &clock_);
  const test::TestNetns netns;
  const auto listener = test::Listen(netns, {.backlog = 9});
  for (int i = 0; i < 6; ++i) Beat(scanner, clock_);  // past the first full reading
  {
    const auto one = test::Connect(netns, listener.address, listener.port);
    const auto two = test::Connect(netns, listener.address, listener.port);
    Beat(scanner, clock_);
    EXPECT_EQ(Find(scanner, netns.inode())->listeners[0].reading.queue, 2u);
  }
  test::AcceptAll(listener);
  Beat(scanner, clock_);
  EXPECT_EQ(Find(scanner, netns.inode())->listeners[0].reading.queue, 0u);
  EXPECT_EQ(Find(scanner, netns.inode())->listeners[0].peak_queue, 2u);
}

TEST_F(ScannerTest, AnOverflowIsCountedInTheNextBeat) {
  Scanner scanner(Options(), &clock_);
  const test::TestNetns netns;
  const auto listener = test::Listen(netns, {.backlog = 0});
  Beat(scanner, clock_);
  const auto full = test::Connect(netns, listener.address, listener.port);
  const auto lost = test::StartConnects(netns, listener.address, listener.port, 3);
  Beat(scanner, clock_);
  const NamespacePtr value = Find(scanner, netns.inode());
  ASSERT_TRUE(value->drops.has_value());
  EXPECT_EQ(value->drops->listen_overflows, 3u);
  EXPECT_EQ(value->listeners[0].drops, (model::DropBounds{.min = 3, .max = 3}));
  const auto episodes = EpisodesOf(scanner, netns.inode());
  ASSERT_EQ(episodes.size(), 1u);
  EXPECT_EQ(episodes[0].counts.accept_queue_full, 3u);
}

TEST_F(ScannerTest, WhatTheKernelCountedBeforeIsNeverNew) {
  const test::TestNetns netns;
  const auto listener = test::Listen(netns, {.backlog = 0});
  const auto full = test::Connect(netns, listener.address, listener.port);
  const auto lost = test::StartConnects(netns, listener.address, listener.port, 3);
  Scanner scanner(Options(), &clock_);
  Beat(scanner, clock_);
  const NamespacePtr value = Find(scanner, netns.inode());
  EXPECT_EQ(value->drops->before, 3u);
  EXPECT_EQ(value->drops->listen_drops, 0u);
  EXPECT_EQ(value->listeners[0].reading.sk_drops, 3u);
  EXPECT_EQ(value->listeners[0].drops.max, 0u);
  EXPECT_TRUE(EpisodesOf(scanner, netns.inode()).empty());
}

TEST_F(ScannerTest, AHotNamespaceIsReadInFullEveryBeat) {
  Scanner scanner(Options(), &clock_);
  const test::TestNetns netns;
  for (int i = 0; i < 6; ++i) Beat(scanner, clock_);
  scanner.Heat(std::vector<model::NetnsSerial>{Find(scanner, netns.inode())->id->serial});
  ASSERT_TRUE(netns.SetSysctl("net.ipv4.tcp_fin_timeout", "33").ok());
  Beat(scanner, clock_);
  EXPECT_EQ(model::SysctlNumber(*Find(scanner, netns.inode())->sysctls, "net.ipv4.tcp_fin_timeout"), 33u);
  // And no longer than asked for.
  clock_.Advance(absl::Seconds(31));
  Beat(scanner, clock_);
  ASSERT_TRUE(netns.SetSysctl("net.ipv4.tcp_fin_timeout", "34").ok());
  Beat(scanner, clock_);
  EXPECT_EQ(model::SysctlNumber(*Find(scanner, netns.inode())->sysctls, "net.ipv4.tcp_fin_timeout"), 33u);
}

TEST_F(ScannerTest, ARaisedSomaxconnLatchesWithinFiveSeconds) {
  Scanner scanner(Options(), &clock_);
  const test::TestNetns netns;
  ASSERT_TRUE(netns.SetSysctl("net.core.somaxconn", "128").ok());
  const auto listener = test::Listen(netns, {.backlog = 4096});
  Beat(scanner, clock_);
  EXPECT_EQ(Find(scanner, netns.inode())->listeners[0].limit_state, model::LimitState::kSomaxconn);
  ASSERT_TRUE(netns.SetSysctl("net.core.somaxconn", "4096").ok());
  for (int i = 0; i < 6; ++i) Beat(scanner, clock_);
  EXPECT_EQ(Find(scanner, netns.inode())->listeners[0].limit_state, model::LimitState::kLatched);
  test::ListenAgain(listener, 4096);
  for (int i = 0; i < 6; ++i) Beat(scanner, clock_);
  EXPECT_EQ(Find(scanner, netns.inode())->listeners[0].limit_state, model::LimitState::kSomaxconn);
}

TEST_F(ScannerTest, ListenersAreNamedByTheirProcesses) {
  Scanner scanner(Options(), &clock_);
  test::UnpinnedNetns netns([] {
    // The child listens itself; its descriptor stays open.
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || listen(fd, 3) != 0) _exit(1);
  });
  Beat(scanner, clock_);
  const NamespacePtr value = Find(scanner, netns.inode());
  ASSERT_EQ(value->listeners.size(), 1u);
  ASSERT_NE(value->listeners[0].processes, nullptr);
  EXPECT_EQ(value->listeners[0].processes->count, 1u);
  ASSERT_EQ(value->listeners[0].processes->first.size(), 1u);
  EXPECT_EQ(value->listeners[0].processes->first[0].pid, static_cast<uint32_t>(netns.pid()));
}

TEST_F(ScannerTest, TwoHundredNamespacesComeAndGoInOneBeatEach) {
  Scanner scanner(Options(), &clock_);
  Beat(scanner, clock_);
  std::vector<uint64_t> inodes;
  {
    std::vector<std::unique_ptr<test::TestNetns>> many;
    std::vector<test::TestListener> listeners;
    for (int i = 0; i < 200; ++i) {
      many.push_back(std::make_unique<test::TestNetns>());
      listeners.push_back(test::Listen(*many.back(), {.backlog = i}));
    }
    Beat(scanner, clock_);
    const auto snapshot = scanner.Latest();
    for (size_t i = 0; i < many.size(); ++i) {
      inodes.push_back(many[i]->inode());
      const NamespacePtr value = Find(snapshot->namespaces, inodes.back());
      ASSERT_NE(value, nullptr);
      ASSERT_EQ(value->listeners.size(), 1u);
      EXPECT_EQ(value->listeners[0].reading.limit, i);
    }
  }
  Beat(scanner, clock_);
  for (const uint64_t inode : inodes) EXPECT_EQ(Find(scanner, inode), nullptr);
}

TEST_F(ScannerTest, WithoutSysAdminEveryNamespaceSaysWhatItLacks) {
  std::optional<test::TestListener> listener;
  const test::UnpinnedNetns netns;
  listener = test::Listen(netns, {.port = 8080});
  test::RunWithCapabilities({CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH}, [&] {
    Scanner scanner(Options(), &clock_);
    Beat(scanner, clock_);
    const NamespacePtr value = Find(scanner, netns.inode());
    ASSERT_NE(value, nullptr);
    EXPECT_THAT(value->errors, Contains(Field(&model::PartError::reason, HasSubstr("needs CAP_SYS_ADMIN"))));
    EXPECT_THAT(value->degraded_reason, HasSubstr("no limit"));
    ASSERT_EQ(value->listeners.size(), 1u);
    EXPECT_EQ(value->listeners[0].reading.port, 8080);
    EXPECT_EQ(value->listeners[0].limit_state, model::LimitState::kUnknown);
    // Its own namespace needs no capability.
    const auto own = sys::StatFile("/proc/self/ns/net");
    ASSERT_TRUE(own.ok());
    const NamespacePtr home = Find(scanner, own->inode);
    ASSERT_NE(home, nullptr);
    EXPECT_EQ(home->degraded_reason, "");
    EXPECT_NE(home->sysctls, nullptr);
  });
}

TEST_F(ScannerTest, WithoutPtracePinnedNamespacesAreReadInFull) {
  const test::TestNetns pinned;
  const auto listener = test::Listen(pinned, {.backlog = 5});
  test::RunWithCapabilities({CAP_SYS_ADMIN}, [&] {
    Scanner scanner(Options(), &clock_);
    Beat(scanner, clock_);
    const NamespacePtr value = Find(scanner, pinned.inode());
    ASSERT_NE(value, nullptr);
    ASSERT_EQ(value->listeners.size(), 1u);
    EXPECT_EQ(value->listeners[0].reading.limit, 5u);
  });
}

}  // namespace
}  // namespace listenq::agent
