#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "agent/sys/file.h"
#include "tests/support/skip.h"
#include "tests/support/test_netns.h"
#include "tests/support/tool_output.h"
#include "tests/support/wait.h"

namespace listenq::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class TestNetnsTest : public ::testing::Test {
 protected:
  void SetUp() override { LISTENQ_SKIP_UNLESS_ROOT(); }
};

uint64_t OwnNetnsInode() { return sys::StatFile("/proc/thread-self/ns/net")->inode; }
bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

TEST_F(TestNetnsTest, RunsInsideAndLeavesThisThreadOutside) {
  const uint64_t own = OwnNetnsInode();
  const TestNetns netns;
  EXPECT_EQ(netns.Run(OwnNetnsInode), netns.inode());
  EXPECT_NE(netns.inode(), own);
  EXPECT_EQ(OwnNetnsInode(), own);
}

TEST_F(TestNetnsTest, IsNamedLikeIpNetnsDoesAndRemovedAtTheEnd) {
  std::string path;
  {
    const TestNetns netns;
    path = netns.path();
    EXPECT_EQ(path, absl::StrCat("/run/netns/", netns.name()));
    EXPECT_THAT(netns.name(), HasSubstr(absl::StrCat("lqt-", getpid(), "-")));
    EXPECT_THAT(*sys::ReadFile("/proc/self/mountinfo"), HasSubstr(path));
  }
  EXPECT_FALSE(Exists(path));
  EXPECT_THAT(*sys::ReadFile("/proc/self/mountinfo"), Not(HasSubstr(path)));
}

TEST_F(TestNetnsTest, HasItsLoopbackUp) {
  const TestNetns netns;
  EXPECT_THAT(netns.Exec("ip link show lo"), HasSubstr("LOOPBACK,UP"));
}

TEST_F(TestNetnsTest, SetsSysctlsInsideOnly) {
  const std::string outside = *sys::ReadFile("/proc/sys/net/core/somaxconn");
  const TestNetns netns;
  ASSERT_TRUE(netns.SetSysctl("net.core.somaxconn", "777").ok());
  EXPECT_EQ(RunSysctl(netns, "net.core.somaxconn"), "777");
  EXPECT_EQ(*sys::ReadFile("/proc/sys/net/core/somaxconn"), outside);
  EXPECT_TRUE(absl::IsNotFound(netns.SetSysctl("net.ipv4.no_such_thing", "1")));
  EXPECT_TRUE(absl::IsInvalidArgument(netns.SetSysctl("net.core.somaxconn", "-1")));
}

TEST_F(TestNetnsTest, VethJoinsTwo) {
  const TestNetns a;
  const TestNetns b;
  ConnectByVeth(a, "10.77.0.1/24", b, "10.77.0.2/24");
  EXPECT_THAT(b.Exec("ip route get 10.77.0.1"), HasSubstr(absl::StrCat("dev ", kVethName)));
  EXPECT_THAT(a.Exec(absl::StrCat("ip link show ", kVethName)), HasSubstr("LOWER_UP"));
}

// A process that ends without destructors, as by a crash or a timeout's SIGKILL.
TEST_F(TestNetnsTest, IsRemovedAfterItsProcessWasKilled) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const TestNetns netns;
    const std::string path = netns.path();
    if (write(ends[1], path.data(), path.size()) < 0) _exit(1);
    for (;;) pause();
  }
  std::array<char, 256> buffer{};
  const ssize_t count = read(ends[0], buffer.data(), buffer.size());
  close(ends[0]);
  close(ends[1]);
  const std::string path(buffer.data(), count > 0 ? static_cast<size_t>(count) : 0);
  EXPECT_TRUE(Exists(path)) << path;
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(WaitUntil([&] { return !Exists(path); }));
}

class UnpinnedNetnsTest : public TestNetnsTest {};

TEST_F(UnpinnedNetnsTest, LivesInAChildOnly) {
  UnpinnedNetns netns;
  EXPECT_NE(netns.inode(), OwnNetnsInode());
  EXPECT_EQ(netns.Run(OwnNetnsInode), netns.inode());
  const pid_t child = netns.pid();
  netns.Kill();
  EXPECT_EQ(netns.pid(), 0);
  EXPECT_EQ(kill(child, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(UnpinnedNetnsTest, RunsAFunctionInTheChildFirst) {
  const UnpinnedNetns netns([] { setenv("LQT_UNUSED", "1", 1); });
  EXPECT_EQ(getenv("LQT_UNUSED"), nullptr);
  EXPECT_THAT(netns.Exec("ip link show lo"), HasSubstr("LOOPBACK,UP"));
}

}  // namespace
}  // namespace listenq::test
