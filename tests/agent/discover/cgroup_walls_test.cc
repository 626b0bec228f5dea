#include "agent/discover/cgroup_walls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/temp_folder.h"

namespace listenq::discover {
namespace {

using model::WallId;
using Kind = model::WallId::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A tree of files as the kernel has them; "v2" stands for the v2 hierarchy.
class CgroupWallsTest : public ::testing::Test {
 protected:
  CgroupWallsTest() : mounts_(folder_.path()) { mounts_.unified = folder_.Path("v2"); }
  void Write(const std::string& name, const std::string& content) { folder_.Write(name, content); }
  // One pass over these processes' cgroup files.
  std::vector<model::Wall> Read(const std::vector<std::string>& cgroups) {
    CgroupWalls walls(mounts_);
    ids_.clear();
    for (const std::string& cgroup : cgroups) {
      ids_ = walls.Read(cgroup, "c1");
      why_ = walls.why_unreadable();
    }
    return std::move(walls).Take();
  }

  test::TempFolder folder_;
  CgroupMounts mounts_;
  // Of the last process.
  std::vector<WallId> ids_;
  std::string why_;
};

TEST_F(CgroupWallsTest, ReadsV2) {
  Write("v2/pod/cpu.max", "20000 100000\n");
  Write("v2/pod/cpu.stat", "usage_usec 5\nnr_periods 40\nnr_throttled 30\nthrottled_usec 1234\n");
  Write("v2/pod/memory.max", "1000000\n");
  Write("v2/pod/memory.current", "500000\n");
  Write("v2/pod/memory.events", "low 0\nhigh 0\nmax 17\noom 2\noom_kill 1\n");
  Write("v2/pod/pids.max", "100\n");
  Write("v2/pod/pids.current", "99\n");
  Write("v2/pod/pids.events", "max 3\n");
  const auto walls = Read({"0::/pod\n"});
  ASSERT_THAT(walls, SizeIs(3));
  EXPECT_THAT(ids_, ElementsAre(WallId{Kind::kCpu, "/pod"}, WallId{Kind::kMemory, "/pod"},
                                WallId{Kind::kPids, "/pod"}));
  EXPECT_EQ(walls[0].limit, 200u);
  EXPECT_EQ(walls[0].total, (model::WallHits{.hits = 30, .periods = 40, .throttled_micros = 1234}));
  EXPECT_EQ(walls[0].container_id, "c1");
  EXPECT_EQ(walls[1].counter, "memory.events max");
  EXPECT_EQ(walls[1].limit, 1000000u);
  EXPECT_EQ(walls[1].used, 500000u);
  EXPECT_EQ(walls[1].total, (model::WallHits{.hits = 17, .oom_kills = 1}));
  EXPECT_EQ(walls[2].used, 99u);
  EXPECT_EQ(walls[2].total, (model::WallHits{.hits = 3}));
  EXPECT_EQ(why_, "");
}

TEST_F(CgroupWallsTest, ReadsV1) {
  Write("cpu,cpuacct/a/cpu.cfs_quota_us", "20000\n");
  Write("cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
  Write("cpu,cpuacct/a/cpu.stat", "nr_periods 4\nnr_throttled 3\nthrottled_time 5000000\n");
  Write("memory/b/memory.limit_in_bytes", "1000000\n");
  Write("memory/b/memory.usage_in_bytes", "900000\n");
  Write("memory/b/memory.stat", "inactive_file 1\ntotal_inactive_file 300000\n");
  Write("memory/b/memory.failcnt", "8\n");
  Write("memory/b/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  const auto walls = Read({"3:memory:/b\n1:cpu,cpuacct:/a\n0::/\n"});
  ASSERT_THAT(walls, SizeIs(2));
  EXPECT_EQ(walls[0].limit, 200u);
  EXPECT_EQ(walls[0].total, (model::WallHits{.hits = 3, .periods = 4, .throttled_micros = 5000}));
  EXPECT_EQ(walls[1].counter, "memory.failcnt");
  EXPECT_EQ(walls[1].used, 600000u) << "without the page cache that is free to go";
  EXPECT_EQ(walls[1].total, (model::WallHits{.hits = 8, .oom_kills = 2}));
}

TEST_F(CgroupWallsTest, NoLimitIsNoWall) {
  Write("v2/a/cpu.max", "max 100000\n");
  Write("v2/a/cpu.stat", "nr_periods 0\n");
  Write("v2/a/memory.max", "max\n");
  Write("v2/a/pids.max", "max\n");
  EXPECT_THAT(Read({"0::/a\n"}), IsEmpty());
  EXPECT_EQ(why_, "");
}

TEST_F(CgroupWallsTest, NearestLimitAboveCounts) {
  Write("v2/pod/pids.max", "100\n");
  Write("v2/pods.max/pids.max", "7\n");
  Write("v2/pod/c1/pids.max", "max\n");
  Write("v2/pod/c2/pids.max", "50\n");
  const auto walls = Read({"0::/pod/c2/init\n", "0::/pod/c1/init\n"});
  ASSERT_THAT(walls, SizeIs(2));
  EXPECT_EQ(walls[0].id.name, "/pod/c2");
  EXPECT_EQ(walls[1].id.name, "/pod");
}

TEST_F(CgroupWallsTest, LimitsTooFarAboveAreNotLookedFor) {
  Write("v2/a/pids.max", "100\n");
  EXPECT_THAT(Read({"0::/a/1/2/3/4/5\n"}), SizeIs(1));
  EXPECT_THAT(Read({"0::/a/1/2/3/4/5/6\n"}), IsEmpty());
}

TEST_F(CgroupWallsTest, RootHasLimitsInACgroupNamespace) {
  Write("v2/pids.max", "100\n");
  const auto walls = Read({"0::/\n"});
  ASSERT_THAT(walls, SizeIs(1));
  EXPECT_EQ(walls[0].id.name, "/");
}

TEST_F(CgroupWallsTest, ProcessesOfOneCgroupShareItsWall) {
  Write("v2/a/pids.max", "100\n");
  EXPECT_THAT(Read({"0::/a\n", "0::/a/b\n", "0::/a\n"}), SizeIs(1));
  EXPECT_THAT(ids_, ElementsAre(WallId{Kind::kPids, "/a"}));
}

TEST_F(CgroupWallsTest, PathOutOfTheCgroupNamespaceSaysSo) {
  EXPECT_THAT(Read({"0::/../../pod\n"}), IsEmpty());
  EXPECT_EQ(why_, "read limits of cgroup /../../pod: outside of this cgroup namespace");
}

TEST_F(CgroupWallsTest, PathOfAnotherContainerIsReadWhereTheNodeHasIt) {
  mounts_.base = "/kubepods/podA/own";
  Write("v2/kubepods/podB/c1/cpu.max", "20000 100000\n");
  Write("v2/kubepods/podB/c1/cpu.stat", "nr_periods 40\nnr_throttled 30\n");
  Write("v2/kubepods/podA/own/pids.max", "100\n");
  EXPECT_THAT(Read({"0::/../../podB/c1\n"}), SizeIs(1));
  EXPECT_THAT(ids_, ElementsAre(WallId{Kind::kCpu, "/kubepods/podB/c1"}));
  EXPECT_THAT(Read({"0::/\n"}), SizeIs(1));
  EXPECT_THAT(ids_, ElementsAre(WallId{Kind::kPids, "/kubepods/podA/own"}));
  EXPECT_EQ(why_, "");
}

TEST_F(CgroupWallsTest, UnreadableFileSaysWhy) {
  folder_.Write("v2/a/pids.max/is-a-folder", "");
  EXPECT_THAT(Read({"0::/a\n"}), IsEmpty());
  EXPECT_EQ(why_, "read " + folder_.Path("v2/a/pids.max") + ": Is a directory");
}

TEST_F(CgroupWallsTest, WithoutAHierarchyThereAreNone) {
  mounts_.unified = "";
  EXPECT_THAT(Read({"0::/a\n"}), IsEmpty());
  EXPECT_EQ(why_, "");
}

}  // namespace
}  // namespace listenq::discover
