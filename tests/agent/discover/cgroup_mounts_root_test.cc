// A cgroup namespace as a container has it, on the real hierarchy.
#include "agent/discover/cgroup_mounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/discover/acceptor_reader.h"
#include "agent/discover/cgroup_files.h"
#include "agent/discover/discovery.h"
#include "agent/sys/file.h"
#include "tests/support/program.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"
#include "tests/support/wait.h"

namespace listenq::discover {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kMount[] = "/sys/fs/cgroup";
const std::string kUid = "0123abcd-1111-2222-3333-0123456789ab";
const std::string kId(64, 'a');

std::string CgroupsOf(pid_t pid) { return *sys::ReadFile(absl::StrCat("/proc/", pid, "/cgroup")); }

std::vector<std::string> Reasons(const DiscoverResult& result) {
  std::vector<std::string> reasons;
  for (const model::PartError& error : result.errors) reasons.push_back(error.reason);
  return reasons;
}

// A pod's container with one process, and beside it a container of ours, into whose namespaces a thread goes.
class CgroupMountsRoot : public testing::Test {
 protected:
  void SetUp() override {
    LISTENQ_SKIP_UNLESS_ROOT();
    unified_ = CgroupMounts(kMount).unified;
    if (unified_.empty()) GTEST_SKIP() << "no cgroup v2 hierarchy below " << kMount;
    for (const std::string& path : {parent_, parent_ + "/agent", own_, parent_ + "/pod" + kUid, pod_}) {
      const bool made = ::mkdir((unified_ + path).c_str(), 0755) == 0;
      if (!made && errno == EROFS) GTEST_SKIP() << "make " << unified_ << path << ": " << strerror(errno);
      ASSERT_TRUE(made) << unified_ << path << ": " << strerror(errno);
      made_.push_back(unified_ + path);
    }
    node_ = folder_.Path("node");
    std::filesystem::create_directory(node_);
    Move(process_.pid(), pod_);
  }
  void TearDown() override {
    process_.Signal(SIGKILL);
    EXPECT_TRUE(process_.Wait(test::kPatience).has_value());
    while (!made_.empty()) {
      EXPECT_TRUE(test::WaitUntil([&] { return ::rmdir(made_.back().c_str()) == 0; })) << made_.back();
      made_.pop_back();
    }
  }

  void Move(pid_t pid, const std::string& path) const {
    std::ofstream file(unified_ + path + "/cgroup.procs");
    file << pid << std::flush;
    ASSERT_TRUE(file.good()) << "move " << pid << " to " << path;
  }

  // Runs `look` with its own cgroup at kMount, as a runtime mounts it, and `unified` at node_, as the chart
  // does.
  void InContainer(const std::string& unified, const std::function<void()>& look) {
    const std::string home(UnifiedPath(CgroupsOf(::getpid())));
    Move(::getpid(), own_);
    std::thread container([&] {
      const int error = ::unshare(CLONE_NEWCGROUP | CLONE_NEWNS) == 0 ? 0 : errno;
      // A namespace's root stays where it was made.
      Move(::getpid(), home);
      ASSERT_EQ(error, 0) << strerror(error);
      ASSERT_EQ(::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0) << strerror(errno);
      ASSERT_EQ(::mount(unified.c_str(), node_.c_str(), nullptr, MS_BIND, nullptr), 0) << strerror(errno);
      ASSERT_EQ(::mount("lqt", kMount, "cgroup2", 0, nullptr), 0) << strerror(errno);
      look();
    });
    container.join();
  }

  const std::string parent_ = absl::StrCat("/lqt-", ::getpid());
  const std::string own_ = parent_ + "/agent/own";
  const std::string pod_ = parent_ + "/pod" + kUid + "/" + kId;
  std::string unified_;
  std::vector<std::string> made_;
  test::TempFolder folder_;
  std::string node_;
  test::Program process_{{"/bin/sleep", "1000"}};
};

TEST_F(CgroupMountsRoot, PathsOfAContainerBecomeTheNodes) {
  InContainer(unified_, [&] {
    std::string cgroups = CgroupsOf(process_.pid());
    ASSERT_EQ(UnifiedPath(cgroups), "/../../pod" + kUid + "/" + kId);
    const CgroupMounts mounts(node_);
    EXPECT_EQ(mounts.base, own_) << mounts.why_no_base;
    mounts.Resolve(&cgroups);
    EXPECT_EQ(UnifiedPath(cgroups), pod_);
  });
}

TEST_F(CgroupMountsRoot, DiscoveryKnowsContainersByTheirCgroups) {
  const uint64_t cgroup_id = sys::StatFile(unified_ + pod_)->inode;
  InContainer(unified_, [&] {
    Discovery discovery({.pin_folders = {}, .cgroup_root = node_});
    EXPECT_THAT(Reasons(discovery.Walk(false)), Not(Contains(HasSubstr("cgroup namespace"))));
    EXPECT_EQ(*discovery.ContainerOf(static_cast<uint32_t>(process_.pid())), kId);
    EXPECT_EQ(discovery.ContainerOfCgroup(cgroup_id), kId);
  });
}

TEST_F(CgroupMountsRoot, WithoutTheNodesHierarchySaysWhatIsMissing) {
  const uint64_t cgroup_id = sys::StatFile(unified_ + pod_)->inode;
  InContainer(unified_, [&] {
    Discovery discovery({.pin_folders = {}, .cgroup_root = kMount});
    EXPECT_THAT(
        Reasons(discovery.Walk(false)),
        Contains(HasSubstr("cgroups are outside of this cgroup namespace: needs the node's hierarchy mounted "
                           "elsewhere than at /sys/fs/cgroup")));
    EXPECT_EQ(*discovery.ContainerOf(static_cast<uint32_t>(process_.pid())), kId);
    EXPECT_EQ(discovery.ContainerOfCgroup(cgroup_id), "");
  });
}

TEST_F(CgroupMountsRoot, OwnCgroupThatIsNotInTheHierarchySaysSo) {
  InContainer(unified_ + parent_ + "/pod" + kUid, [&] {
    Discovery discovery({.pin_folders = {}, .cgroup_root = node_});
    EXPECT_THAT(
        Reasons(discovery.Walk(false)),
        Contains(HasSubstr(absl::StrCat("cgroups are outside of this cgroup namespace: find the cgroup at ",
                                        kMount, " below ", node_, ": not there"))));
  });
}

TEST_F(CgroupMountsRoot, HostsNamespaceNeedsNone) {
  std::string cgroups = CgroupsOf(process_.pid());
  EXPECT_THAT(std::string(UnifiedPath(cgroups)), pod_);
  const CgroupMounts mounts(kMount);
  EXPECT_EQ(mounts.base, "");
  mounts.Resolve(&cgroups);
  EXPECT_EQ(UnifiedPath(cgroups), pod_);
}

}  // namespace
}  // namespace listenq::discover
