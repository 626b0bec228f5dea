#include "agent/discover/cgroup_ids.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "agent/discover/cgroup_mounts.h"
#include "agent/sys/file.h"
#include "tests/support/skip.h"

namespace listenq::discover {
namespace {

const std::string kId(64, 'a');

// A cgroup as a container has it, in the real hierarchy.
class CgroupIdsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    LISTENQ_SKIP_UNLESS_ROOT();
    if (root_.empty()) GTEST_SKIP() << "no cgroup v2 hierarchy below /sys/fs/cgroup";
    parent_ = absl::StrCat("/lqt-", ::getpid());
    path_ = absl::StrCat(parent_, "/", kId);
    ASSERT_EQ(::mkdir((root_ + parent_).c_str(), 0755), 0) << root_ + parent_;
    ASSERT_EQ(::mkdir((root_ + path_).c_str(), 0755), 0) << root_ + path_;
  }
  void TearDown() override {
    if (path_.empty()) return;
    ::rmdir((root_ + path_).c_str());
    ::rmdir((root_ + parent_).c_str());
  }

  uint64_t Inode() { return sys::StatFile(root_ + path_)->inode; }

  const std::string root_ = CgroupMounts("/sys/fs/cgroup").unified;
  std::string parent_;
  std::string path_;
  CgroupIds ids_{root_};
  std::shared_ptr<const CgroupOwner> container_ =
      std::make_shared<const CgroupOwner>(CgroupOwner{.container_id = kId});
};

TEST_F(CgroupIdsTest, IdIsTheInodeOfTheFolder) {
  ids_.Learn(absl::StrCat("1:cpu:/elsewhere\n0::", path_, "\n"), container_);
  EXPECT_EQ(ids_.Find(Inode()), container_);
  EXPECT_EQ(ids_.Find(Inode() + 1'000'000), nullptr);
}

TEST_F(CgroupIdsTest, CgroupThatDoesNotNameTheContainerIsNotItsOwn) {
  ids_.Learn(absl::StrCat("0::", parent_, "\n"), container_);
  EXPECT_EQ(ids_.Find(sys::StatFile(root_ + parent_)->inode), nullptr);
}

TEST_F(CgroupIdsTest, PathOutOfTheCgroupNamespaceTellsNothing) {
  ids_.Learn(absl::StrCat("0::/../..", path_, "\n"), container_);
  EXPECT_EQ(ids_.Find(Inode()), nullptr);
}

TEST_F(CgroupIdsTest, ContainerThatIsGoneIsForgotten) {
  ids_.Learn(absl::StrCat("0::", path_, "\n"), container_);
  container_ = nullptr;
  EXPECT_EQ(ids_.Find(Inode()), nullptr);
  ids_.Prune();
  container_ = std::make_shared<const CgroupOwner>(CgroupOwner{.container_id = kId});
  ids_.Learn(absl::StrCat("0::", path_, "\n"), container_);
  EXPECT_EQ(ids_.Find(Inode()), container_);
}

TEST(CgroupIds, WithoutAHierarchyNothingIsKnown) {
  CgroupIds ids("");
  const auto container = std::make_shared<const CgroupOwner>(CgroupOwner{.container_id = kId});
  ids.Learn(absl::StrCat("0::/", kId, "\n"), container);
  EXPECT_EQ(ids.Find(1), nullptr);
}

}  // namespace
}  // namespace listenq::discover
