#include "agent/discover/socket_owners.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/agent/discover/fake_proc.h"

namespace listenq::discover {
namespace {

using model::Process;
using model::SocketProcesses;
using testing::ElementsAre;
using testing::SizeIs;

constexpr size_t kPlenty = 1000;

class SocketOwners : public testing::Test {
 protected:
  SocketOwners() {
    for (const uint32_t pid : {10u, 11u, 12u})
      proc_.Set({.pid = pid, .netns = 1, .comm = absl::StrCat("p", pid)});
  }

  [[nodiscard]] SocketProcesses Find(const std::vector<uint32_t>& pids, uint64_t inode,
                                     size_t max_fds = kPlenty) {
    auto found = FindSocketProcesses(proc_.path(), pids, {inode}, max_fds, container_of_);
    EXPECT_THAT(found, SizeIs(1));
    return *found.at(inode);
  }

  // A folder that can't be listed, whoever runs the test: a file in its place.
  void BreakFds(uint32_t pid) {
    const std::string name = absl::StrCat(pid, "/fd");
    ASSERT_EQ(::rmdir(absl::StrCat(proc_.path(), "/", name).c_str()), 0);
    proc_.WriteFile(name, "");
  }
  [[nodiscard]] std::string BrokenReason(uint32_t pid) const {
    return absl::StrCat("open ", proc_.path(), "/", pid, "/fd: Not a directory");
  }
  [[nodiscard]] std::string BoundReason(size_t max_fds) const {
    return absl::StrCat("look through ", proc_.path(), "/PID/fd: more than ", max_fds, " descriptors");
  }

  test::FakeProc proc_;
  std::function<std::string(uint32_t)> container_of_;
};

TEST_F(SocketOwners, FindsAllThatHoldIt) {
  proc_.SetFd(10, 0, "/dev/null");
  proc_.SetFd(10, 3, "socket:[77]");
  proc_.SetFd(11, 3, "socket:[78]");
  proc_.SetFd(12, 5, "socket:[77]");
  container_of_ = [](uint32_t pid) { return absl::StrCat("of", pid); };
  const SocketProcesses found = Find({10, 11, 12}, 77);
  EXPECT_EQ(found.count, 2u);
  EXPECT_THAT(found.first, ElementsAre(Process{10, "p10", "of10"}, Process{12, "p12", "of12"}));
  EXPECT_THAT(found.container_ids, ElementsAre("of10", "of12"));
  EXPECT_EQ(found.unreadable_reason, "");
}

TEST_F(SocketOwners, EveryContainerIsNamedOnceThoughNotEveryProcess) {
  std::vector<uint32_t> pids;
  for (uint32_t pid = 100; pid < 120; ++pid) {
    proc_.Set({.pid = pid, .netns = 1, .comm = "worker"});
    proc_.SetFd(pid, 3, "socket:[77]");
    pids.push_back(pid);
  }
  container_of_ = [](uint32_t pid) { return pid < 110 ? "a" : pid < 119 ? "" : "b"; };
  const SocketProcesses found = Find(pids, 77);
  EXPECT_EQ(found.count, 20u);
  EXPECT_THAT(found.first, SizeIs(SocketProcesses::kMaxProcesses));
  EXPECT_THAT(found.container_ids, ElementsAre("a", "", "b"));
}

TEST_F(SocketOwners, ProcessCountsOnce) {
  for (int fd = 3; fd < 9; ++fd) proc_.SetFd(10, fd, "socket:[77]");
  EXPECT_EQ(Find({10}, 77), (SocketProcesses{.count = 1, .first = {Process{10, "p10", ""}}}));
}

TEST_F(SocketOwners, OtherLinksWithTheSameNumberAreNone) {
  proc_.SetFd(10, 3, "pipe:[77]");
  proc_.SetFd(10, 4, "socket:[770]");
  proc_.SetFd(10, 5, "/tmp/socket:[77]");
  EXPECT_EQ(Find({10}, 77), (SocketProcesses{.count = 0}));
}

TEST_F(SocketOwners, EachOfSeveralHasAnAnswer) {
  proc_.SetFd(10, 3, "socket:[77]");
  proc_.SetFd(10, 4, "socket:[78]");
  const auto found = FindSocketProcesses(proc_.path(), std::vector<uint32_t>{10}, {77, 78, 79}, kPlenty, {});
  ASSERT_THAT(found, SizeIs(3));
  EXPECT_EQ(found.at(77)->count, 1u);
  EXPECT_EQ(found.at(78)->count, 1u);
  EXPECT_EQ(found.at(79)->count, 0u);
}

TEST_F(SocketOwners, NamesTheFirstEight) {
  std::vector<uint32_t> pids;
  for (uint32_t pid = 20; pid < 31; ++pid) {
    proc_.Set({.pid = pid});
    proc_.SetFd(pid, 3, "socket:[77]");
    pids.push_back(pid);
  }
  const SocketProcesses found = Find(pids, 77);
  EXPECT_EQ(found.count, 11u);
  ASSERT_THAT(found.first, SizeIs(8));
  EXPECT_EQ(found.first.back().pid, 27u);
}

TEST_F(SocketOwners, GoneProcessHoldsNothing) {
  proc_.Remove(11);
  EXPECT_EQ(Find({10, 11}, 77), (SocketProcesses{.count = 0}));
}

TEST_F(SocketOwners, NotFoundWhereOneIsUnreadableIsNotKnown) {
  BreakFds(11);
  EXPECT_EQ(Find({10, 11, 12}, 77), (SocketProcesses{.unreadable_reason = BrokenReason(11)}));
}

TEST_F(SocketOwners, FoundWhereOneIsUnreadableIsALowerBound) {
  BreakFds(11);
  proc_.SetFd(12, 3, "socket:[77]");
  const SocketProcesses found = Find({10, 11, 12}, 77);
  EXPECT_EQ(found.count, 1u);
  EXPECT_EQ(found.unreadable_reason, BrokenReason(11));
}

TEST_F(SocketOwners, DeniedSaysWhatItNeeds) {
  if (::geteuid() == 0) GTEST_SKIP() << "root is denied nothing here; see the root tests";
  ASSERT_EQ(::chmod(absl::StrCat(proc_.path(), "/11/fd").c_str(), 0), 0);
  EXPECT_EQ(Find({11}, 77).unreadable_reason,
            absl::StrCat("open ", proc_.path(),
                         "/11/fd: Permission denied: needs CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"));
}

TEST_F(SocketOwners, StopsAtTheBound) {
  for (int fd = 3; fd < 6; ++fd) proc_.SetFd(10, fd, "/dev/null");
  proc_.SetFd(10, 6, "socket:[77]");
  proc_.SetFd(10, 7, "/dev/null");
  proc_.SetFd(11, 3, "socket:[77]");
  EXPECT_EQ(Find({10, 11}, 77, 3), (SocketProcesses{.unreadable_reason = BoundReason(3)}));
  const SocketProcesses some = Find({10, 11}, 77, 4);
  EXPECT_EQ(some.count, 1u);
  EXPECT_EQ(some.unreadable_reason, BoundReason(4));
  EXPECT_EQ(Find({10, 11}, 77, 6).count, 2u);
  EXPECT_EQ(Find({10, 11}, 77, 6).unreadable_reason, "");
}

TEST_F(SocketOwners, MissingProcIsNotNobody) {
  const std::string none = proc_.path() + "/none";
  const auto found = FindSocketProcesses(none, std::vector<uint32_t>{10}, {77}, kPlenty, {});
  EXPECT_EQ(*found.at(77),
            (SocketProcesses{.unreadable_reason = "open " + none + ": No such file or directory"}));
}

}  // namespace
}  // namespace listenq::discover
