#include "agent/discover/cgroup_mounts.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tests/support/temp_folder.h"

namespace listenq::discover {
namespace {

constexpr char kOwn[] = "/kubepods.slice/kubepods-podA.slice/cri-containerd-1.scope";

// As a container's agent sees it whose cgroup is kOwn.
std::string Resolved(std::string cgroups) {
  CgroupMounts mounts("/nowhere");
  mounts.base = kOwn;
  mounts.Resolve(&cgroups);
  return cgroups;
}

TEST(CgroupMounts, ResolvesFromItsOwnCgroup) {
  EXPECT_EQ(Resolved("0::/\n"), absl::StrCat("0::", kOwn, "\n"));
  EXPECT_EQ(Resolved("0::/sub\n"), absl::StrCat("0::", kOwn, "/sub\n"));
  EXPECT_EQ(Resolved("0::/../cri-containerd-2.scope\n"),
            "0::/kubepods.slice/kubepods-podA.slice/cri-containerd-2.scope\n");
  EXPECT_EQ(Resolved("0::/../../kubepods-podB.slice/cri-containerd-3.scope\n"),
            "0::/kubepods.slice/kubepods-podB.slice/cri-containerd-3.scope\n");
  EXPECT_EQ(Resolved("0::/../../../system.slice/..dots\n"), "0::/system.slice/..dots\n");
  EXPECT_EQ(Resolved("0::/../../..\n"), "0::/\n");
}

TEST(CgroupMounts, PathAboveTheHierarchysRootStays) {
  EXPECT_EQ(Resolved("0::/../../../..\n"), "0::/../../../..\n");
  EXPECT_EQ(Resolved("0::/../../../../docker/a\n"), "0::/../../../../docker/a\n");
}

TEST(CgroupMounts, OtherLinesStay) {
  EXPECT_EQ(Resolved("2:cpu,cpuacct:/../a\n0::/../a\n1:name=systemd:/b\n"),
            "2:cpu,cpuacct:/../a\n0::/kubepods.slice/kubepods-podA.slice/a\n1:name=systemd:/b\n");
  EXPECT_EQ(Resolved("1:memory:/../a\n"), "1:memory:/../a\n");
  EXPECT_EQ(Resolved(""), "");
}

TEST(CgroupMounts, WithoutABaseAllStays) {
  const CgroupMounts mounts("/nowhere");
  EXPECT_EQ(mounts.why_no_base, "no cgroup v2 hierarchy at /nowhere");
  for (const char* before : {"0::/\n", "0::/../a\n"}) {
    std::string content = before;
    mounts.Resolve(&content);
    EXPECT_EQ(content, before);
  }
}

// By device and inode, in any file system.
class FindMountedCgroupTest : public testing::Test {
 protected:
  FindMountedCgroupTest() {
    for (const char* folder : {"tree/a/a/a", "tree/b/c/d", "elsewhere/c"}) {
      std::filesystem::create_directories(folder_.Path(folder));
    }
    folder_.Write("tree/a/cpu.stat", "");
  }

  test::TempFolder folder_;
};

TEST_F(FindMountedCgroupTest, TellsItsPath) {
  const std::string tree = folder_.Path("tree");
  EXPECT_EQ(*FindMountedCgroup(tree, tree + "/b/c"), "/b/c");
  EXPECT_EQ(*FindMountedCgroup(tree, tree + "/a/a/a"), "/a/a/a");
  std::filesystem::create_directory_symlink(tree + "/b/c/d", folder_.Path("mount"));
  EXPECT_EQ(*FindMountedCgroup(tree, folder_.Path("mount")), "/b/c/d");
}

TEST_F(FindMountedCgroupTest, RootHasNone) {
  EXPECT_EQ(*FindMountedCgroup(folder_.Path("tree"), folder_.Path("tree")), "");
}

TEST_F(FindMountedCgroupTest, WhatIsElsewhereIsNotFound) {
  const std::string tree = folder_.Path("tree");
  const std::string mount = folder_.Path("elsewhere/c");
  EXPECT_EQ(FindMountedCgroup(tree, mount).status(),
            absl::NotFoundError(absl::StrCat("find the cgroup at ", mount, " below ", tree, ": not there")));
  EXPECT_EQ(FindMountedCgroup(tree, "/nowhere").status(),
            absl::NotFoundError("stat /nowhere: No such file or directory"));
}

}  // namespace
}  // namespace listenq::discover
