#include "tests/support/confine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "agent/sys/file.h"
#include "agent/sys/unique_fd.h"
#include "tests/support/skip.h"
#include "tests/support/test_netns.h"

namespace listenq::test {
namespace {

using ::testing::HasSubstr;

class ConfineTest : public ::testing::Test {
 protected:
  void SetUp() override { LISTENQ_SKIP_UNLESS_ROOT(); }
};

// 0, or the errno of making a netlink socket.
int NetlinkError(int type, int protocol) {
  const sys::UniqueFd fd(socket(AF_NETLINK, type, protocol));
  return fd.valid() ? 0 : errno;
}

TEST_F(ConfineTest, WithoutSockDiagDeniesNothingElse) {
  RunWithoutSockDiag([] {
    EXPECT_EQ(NetlinkError(SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), EPROTONOSUPPORT);
    EXPECT_EQ(NetlinkError(SOCK_DGRAM, NETLINK_SOCK_DIAG), EPROTONOSUPPORT);
    EXPECT_EQ(NetlinkError(SOCK_RAW, NETLINK_ROUTE), 0);
    EXPECT_TRUE(sys::UniqueFd(socket(AF_INET, SOCK_STREAM, NETLINK_ROUTE)).valid());
    std::thread([] { EXPECT_EQ(NetlinkError(SOCK_RAW, NETLINK_SOCK_DIAG), EPROTONOSUPPORT); }).join();
  });
  EXPECT_EQ(NetlinkError(SOCK_RAW, NETLINK_SOCK_DIAG), 0);
}

TEST_F(ConfineTest, ProgramRunsWithoutSockDiag) {
  LISTENQ_SKIP_UNLESS_TOOL("ss");
  const TestNetns netns;
  EXPECT_THAT(netns.Exec(absl::StrCat(LISTENQ_WITHOUT_SOCK_DIAG, " grep Seccomp: /proc/self/status")),
              HasSubstr("2"));
}

std::string EffectiveCapabilities() {
  const std::string status = *sys::ReadFile("/proc/thread-self/status");
  const size_t at = status.find("CapEff:\t") + 8;
  return status.substr(at, 16);
}

TEST_F(ConfineTest, ThreadRunsWithTheGivenCapabilitiesOnly) {
  const std::string before = EffectiveCapabilities();
  RunWithCapabilities({CAP_SYS_ADMIN, CAP_SYS_PTRACE},
                      [] { EXPECT_EQ(EffectiveCapabilities(), "0000000000280000"); });
  RunWithCapabilities({}, [] { EXPECT_EQ(EffectiveCapabilities(), "0000000000000000"); });
  EXPECT_EQ(EffectiveCapabilities(), before);
}

TEST_F(ConfineTest, ProgramRunsWithTheGivenCapabilitiesOnly) {
  LISTENQ_SKIP_UNLESS_TOOL("setpriv");
  const TestNetns netns;
  EXPECT_THAT(netns.Exec(WithCapabilities({"sys_admin"}, "cat /proc/self/status")),
              HasSubstr("CapEff:\t0000000000200000"));
}

}  // namespace
}  // namespace listenq::test
