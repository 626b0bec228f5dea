// Discovery on the real machine.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "agent/discover/discovery.h"
#include "agent/discover/naming.h"
#include "agent/discover/socket_owners.h"
#include "agent/sys/file.h"
#include "agent/sys/unique_fd.h"
#include "tests/support/confine.h"
#include "tests/support/skip.h"
#include "tests/support/sockets.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::discover {
namespace {

using model::OwnerSource;
using test::NetnsRunner;
using test::TestNetns;
using test::UnpinnedNetns;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DiscoverRoot : public testing::Test {
 protected:
  void SetUp() override { LISTENQ_SKIP_UNLESS_ROOT(); }
};

const FoundNamespace* Find(const DiscoverResult& result, uint64_t inode) {
  for (const FoundNamespace& netns : result.namespaces) {
    if (netns.inode == inode) return &netns;
  }
  return nullptr;
}

DiscoverResult Quick(Discovery* discovery) { return discovery->Walk(false); }
DiscoverResult Full(Discovery* discovery) { return discovery->Walk(true); }

// A sysctl file opened inside: it doesn't keep the namespace alive, and reads ENOENT when that is dead.
class DeathWatch {
 public:
  explicit DeathWatch(const NetnsRunner& netns) {
    fd_.reset(netns.Run([] { return ::open("/proc/sys/net/core/somaxconn", O_RDONLY | O_CLOEXEC); }));
    EXPECT_TRUE(fd_.valid());
  }
  [[nodiscard]] bool Dead() const {
    std::array<char, 16> buffer;
    return ::pread(fd_.get(), buffer.data(), buffer.size(), 0) < 0 && errno == ENOENT;
  }

 private:
  sys::UniqueFd fd_;
};

TEST_F(DiscoverRoot, HostIsKnownAndOurs) {
  Discovery discovery({});
  const DiscoverResult result = Quick(&discovery);
  ASSERT_FALSE(result.namespaces.empty());
  const FoundNamespace& host = result.namespaces.front();
  ASSERT_TRUE(host.host);
  EXPECT_EQ(NameNamespace(host, Names(), absl::Now()).owners.front().source, OwnerSource::kHost);
  const sys::FileId own = *sys::StatFile("/proc/self/ns/net");
  EXPECT_EQ(host.dev, own.dev);
  if (::access("/proc/sys/net/core/dev_weight", F_OK) == 0) {
    EXPECT_EQ(host.inode, own.inode);
    EXPECT_THAT(host.pids, Contains(static_cast<uint32_t>(::getpid())));
  }
  for (size_t i = 1; i < result.namespaces.size(); ++i) EXPECT_FALSE(result.namespaces[i].host);
}

TEST_F(DiscoverRoot, NothingIsLeftUnreadable) {
  Discovery discovery({});
  EXPECT_THAT(Quick(&discovery).errors, IsEmpty());
}

TEST_F(DiscoverRoot, ProcessesNamespaceComesAndGoesWithIt) {
  Discovery discovery({});
  for (int i = 0; i < 4; ++i) Quick(&discovery);
  UnpinnedNetns netns;
  const uint64_t inode = netns.inode();
  const auto pid = static_cast<uint32_t>(netns.pid());
  const DeathWatch watch(netns);
  const DiscoverResult result = Quick(&discovery);
  const FoundNamespace* found = Find(result, inode);
  ASSERT_NE(found, nullptr);
  EXPECT_THAT(found->pids, ElementsAre(pid));
  EXPECT_THAT(found->pins, IsEmpty());
  EXPECT_EQ(NameNamespace(*found, Names(), absl::Now()).owners.front().source, OwnerSource::kProcess);
  EXPECT_EQ(NameNamespace(*found, Names(), absl::Now()).owners.front().process->pid, pid);
  Full(&discovery);
  EXPECT_FALSE(watch.Dead());
  netns.Kill();
  EXPECT_TRUE(test::WaitUntil([&] { return watch.Dead(); }));
  EXPECT_EQ(Find(Quick(&discovery), inode), nullptr);
}

TEST_F(DiscoverRoot, PinnedNamespaceComesAndGoesWithItsPin) {
  Discovery discovery({});
  Quick(&discovery);
  uint64_t inode = 0;
  std::optional<DeathWatch> watch;
  {
    const TestNetns netns;
    inode = netns.inode();
    watch.emplace(netns);
    const DiscoverResult result = Quick(&discovery);
    const FoundNamespace* found = Find(result, inode);
    ASSERT_NE(found, nullptr);
    EXPECT_THAT(found->pins, ElementsAre("/run/netns/" + netns.name()));
    EXPECT_THAT(found->pids, IsEmpty());
    EXPECT_EQ(found->dev, sys::StatFile(netns.path())->dev);
    EXPECT_EQ(NameNamespace(*found, Names(), absl::Now()).owners.front().source, OwnerSource::kPin);
    Full(&discovery);
  }
  EXPECT_TRUE(test::WaitUntil([&] { return watch->Dead(); }));
  EXPECT_EQ(Find(Quick(&discovery), inode), nullptr);
}

// A child of ours that waits, ended with this object.
class Child {
 public:
  Child() : pid_(::fork()) {
    if (pid_ != 0) return;
    while (true) ::pause();
  }
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  [[nodiscard]] uint32_t pid() const { return static_cast<uint32_t>(pid_); }

 private:
  pid_t pid_;
};

TEST_F(DiscoverRoot, TwoProcessesShareOne) {
  const TestNetns netns;
  std::optional<Child> first;
  std::optional<Child> second;
  netns.Run([&] {
    first.emplace();
    second.emplace();
  });
  Discovery discovery({});
  const DiscoverResult result = Quick(&discovery);
  const FoundNamespace* found = Find(result, netns.inode());
  ASSERT_NE(found, nullptr);
  std::vector<uint32_t> expected = {first->pid(), second->pid()};
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(found->pids, expected);
}

TEST_F(DiscoverRoot, WithoutPtraceTellsByNetDevWhoSharesAKnownNamespace) {
  // Other processes have the capabilities that the confined thread lacks: it can't read their links.
  const TestNetns netns;
  std::optional<Child> inside;
  netns.Run([&] { inside.emplace(); });
  const Child outside;
  DiscoverResult result;
  test::RunWithCapabilities({CAP_SYS_ADMIN}, [&] { result = Discovery({}).Walk(false); });
  const FoundNamespace* ours = Find(result, sys::StatFile("/proc/self/ns/net")->inode);
  ASSERT_NE(ours, nullptr);
  EXPECT_THAT(ours->pids, Contains(outside.pid())) << "shares ours";
  const FoundNamespace* pinned = Find(result, netns.inode());
  ASSERT_NE(pinned, nullptr);
  EXPECT_THAT(pinned->pids, IsEmpty()) << "nobody readable lives there";
  ASSERT_EQ(result.errors.size(), 1u);
  EXPECT_THAT(result.errors[0].reason, HasSubstr("could not be read: needs CAP_SYS_PTRACE"));
}

TEST_F(DiscoverRoot, SocketIsItsProcesses) {
  const TestNetns netns;
  const test::TestListener listener = test::Listen(netns, {});
  const Child heir;  // inherits the listener
  const auto own = static_cast<uint32_t>(::getpid());
  const auto found =
      FindSocketProcesses("/proc", std::vector<uint32_t>{own, heir.pid(), 1}, {listener.inode}, 100000, {});
  const model::SocketProcesses& processes = *found.at(listener.inode);
  EXPECT_EQ(processes.count, 2u);
  ASSERT_EQ(processes.first.size(), 2u);
  EXPECT_EQ(processes.first[0].pid, own);
  EXPECT_EQ(processes.first[0].comm, "listenq_discove");
  EXPECT_EQ(processes.first[1].pid, heir.pid());
}

TEST_F(DiscoverRoot, SocketsOfProcessesThatMayNotBeRead) {
  const TestNetns netns;
  const test::TestListener listener = test::Listen(netns, {});
  const Child heir;
  std::string reason;
  test::RunWithCapabilities({CAP_SYS_ADMIN}, [&] {
    const auto found =
        FindSocketProcesses("/proc", std::vector<uint32_t>{heir.pid()}, {listener.inode}, 1000, {});
    EXPECT_FALSE(found.at(listener.inode)->count.has_value());
    reason = found.at(listener.inode)->unreadable_reason;
  });
  EXPECT_THAT(reason, HasSubstr(": Permission denied: needs CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"));
}

}  // namespace
}  // namespace listenq::discover
