#include "agent/collect/netns_thread.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <unistd.h>

#include <array>
#include <string>

#include "tests/support/confine.h"
#include "tests/support/skip.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::collect {
namespace {

using ::testing::HasSubstr;

class NetnsThreadTest : public ::testing::Test {
 protected:
  void SetUp() override { LISTENQ_SKIP_UNLESS_ROOT(); }

  static sys::FileId Id(const std::string& path) {
    const auto id = sys::StatFile(path);
    EXPECT_TRUE(id.ok()) << id.status();
    return id.value_or(sys::FileId{});
  }
  static std::string Content(const Handle& handle) {
    std::string content;
    EXPECT_TRUE(sys::ReadAll(handle.fd.get(), "handle", &content).ok());
    return content;
  }
};

TEST_F(NetnsThreadTest, HandlesBelongToTheNamespaceVisited) {
  const test::TestNetns one;
  const test::TestNetns two;
  ASSERT_TRUE(one.SetSysctl("net.core.somaxconn", "111").ok());
  ASSERT_TRUE(two.SetSysctl("net.core.somaxconn", "222").ok());
  const std::vector<std::string> path_one = {one.path()};
  const std::vector<std::string> path_two = {two.path()};
  const std::array<size_t, 1> somaxconn = {0};
  const HandleSet what = {
      .sock_diag = true, .cookie = true, .drop_counters = true, .other_counters = true, .sysctls = somaxconn};
  NetnsThread thread;
  const auto handles = thread.Open({{.paths = path_one, .id = Id(one.path()), .what = what},
                                    {.paths = path_two, .id = Id(two.path()), .what = what}});
  ASSERT_TRUE(handles[0].ok() && handles[1].ok()) << handles[0].status() << handles[1].status();
  EXPECT_EQ(Content(handles[0]->sysctls[0]), "111\n");
  EXPECT_EQ(Content(handles[1]->sysctls[0]), "222\n");
  ASSERT_TRUE(handles[0]->cookie.has_value() && handles[1]->cookie.has_value());
  EXPECT_NE(handles[0]->cookie, handles[1]->cookie);
  EXPECT_THAT(Content(handles[0]->netstat), HasSubstr("ListenDrops"));
  EXPECT_THAT(Content(handles[0]->sockstat6), HasSubstr("TCP6: inuse"));
}

TEST_F(NetnsThreadTest, TheCallerNeverLeavesHome) {
  const test::TestNetns netns;
  const sys::FileId home = Id("/proc/thread-self/ns/net");
  const std::vector<std::string> paths = {netns.path()};
  NetnsThread thread;
  ASSERT_TRUE(thread.Open({{.paths = paths, .id = Id(netns.path()), .what = {.sock_diag = true}}})[0].ok());
  EXPECT_EQ(Id("/proc/thread-self/ns/net"), home);
}

TEST_F(NetnsThreadTest, ANamespaceThatIsGoneIsNotFound) {
  sys::FileId id;
  std::vector<std::string> paths;
  {
    const test::TestNetns netns;
    id = Id(netns.path());
    paths = {netns.path()};
  }
  NetnsThread thread;
  EXPECT_EQ(thread.Open({{.paths = paths, .id = id, .what = {}}})[0].status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(NetnsThreadTest, APathThatShowsAnotherNamespaceIsNotEntered) {
  const test::TestNetns expected;
  const test::TestNetns other;
  const std::vector<std::string> paths = {other.path()};
  NetnsThread thread;
  const auto handles =
      thread.Open({{.paths = paths, .id = Id(expected.path()), .what = {.sock_diag = true}}});
  EXPECT_EQ(handles[0].status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(handles[0].status().message(), HasSubstr("shows another namespace"));
}

TEST_F(NetnsThreadTest, TheSecondWayInServesWhenTheFirstIsGone) {
  const test::TestNetns netns;
  const std::vector<std::string> paths = {"/proc/4194304/ns/net", netns.path()};
  NetnsThread thread;
  EXPECT_TRUE(thread.Open({{.paths = paths, .id = Id(netns.path()), .what = {.sock_diag = true}}})[0].ok());
}

TEST_F(NetnsThreadTest, WithoutSysAdminItSaysSo) {
  const test::TestNetns netns;
  const std::vector<std::string> paths = {netns.path()};
  const sys::FileId id = Id(netns.path());
  test::RunWithCapabilities({CAP_SYS_PTRACE}, [&] {
    NetnsThread thread;
    const auto handles = thread.Open({{.paths = paths, .id = id, .what = {.sock_diag = true}}});
    EXPECT_EQ(handles[0].status().code(), absl::StatusCode::kPermissionDenied);
    EXPECT_THAT(handles[0].status().message(), HasSubstr("needs CAP_SYS_ADMIN"));
  });
}

TEST_F(NetnsThreadTest, ItsOwnNamespaceNeedsNoCapability) {
  const std::vector<std::string> paths = {"/proc/self/ns/net"};
  const sys::FileId id = Id(paths[0]);
  test::RunWithCapabilities({}, [&] {
    NetnsThread thread;
    const auto handles = thread.Open(
        {{.paths = paths,
          .id = id,
          .what = {.sock_diag = true, .cookie = true, .drop_counters = true, .other_counters = true}}});
    ASSERT_TRUE(handles[0].ok()) << handles[0].status();
    EXPECT_TRUE(handles[0]->sock_diag.fd.valid());
  });
}

TEST_F(NetnsThreadTest, NothingKeepsADeadNamespaceAlive) {
  NetnsThread thread;
  const std::array<size_t, 1> somaxconn = {0};
  sys::UniqueFd sysctl;
  {
    test::UnpinnedNetns netns;
    const std::vector<std::string> paths = {netns.path()};
    auto handles = thread.Open({{.paths = paths,
                                 .id = Id(netns.path()),
                                 .what = {.sock_diag = true,
                                          .cookie = true,
                                          .drop_counters = true,
                                          .other_counters = true,
                                          .sysctls = somaxconn}}});
    ASSERT_TRUE(handles[0].ok()) << handles[0].status();
    // A sysctl's descriptor does not pin a namespace, and tells when it is gone.
    sysctl = std::move(handles[0]->sysctls[0].fd);
  }
  EXPECT_TRUE(test::WaitUntil([&] {
    std::array<char, 16> buffer{};
    return pread(sysctl.get(), buffer.data(), buffer.size(), 0) < 0 && errno == ENOENT;
  })) << "the namespace lives on";
}

}  // namespace
}  // namespace listenq::collect
