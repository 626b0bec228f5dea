#include "agent/discover/discovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "agent/discover/naming.h"
#include "agent/sys/file.h"
#include "tests/agent/discover/fake_proc.h"

namespace listenq::discover {
namespace {

using model::Owner;
using model::OwnerSource;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr uint64_t kHost = 1000;
constexpr uint64_t kPod = 2000;
constexpr uint64_t kOther = 3000;
const absl::Time kNow = absl::FromUnixSeconds(1234);
const std::string kIdA(64, 'a');
const std::string kIdB(64, 'b');
const std::string kUid = "0123abcd-1111-2222-3333-0123456789ab";

std::string InPod(const std::string& id) {
  return absl::StrCat("0::/kubepods/burstable/pod", kUid, "/crio-", id, "\n");
}

// A fake /proc whose node namespace is known by PID 2.
class DiscoveryTest : public testing::Test {
 protected:
  DiscoveryTest() { proc_.Set({.pid = 2, .netns = kHost, .comm = "kthreadd", .kernel_thread = true}); }

  Discovery Make(size_t max_looks = 20000) {
    return Discovery({.proc = proc_.path(), .pin_folders = {}, .max_looks = max_looks});
  }

  // Beyond the walks in which a new process is looked at again.
  static DiscoverResult Settle(Discovery* discovery) {
    DiscoverResult result;
    for (int i = 0; i < ProcessTable::kFirstLooks; ++i) result = discovery->Walk(false);
    return result;
  }

  test::FakeProc proc_;
};

const FoundNamespace* Find(const DiscoverResult& result, uint64_t inode) {
  for (const FoundNamespace& netns : result.namespaces) {
    if (netns.inode == inode) return &netns;
  }
  return nullptr;
}

// As no container runtime would name it.
NamedNamespace Named(const DiscoverResult& result, uint64_t inode) {
  return NameNamespace(*Find(result, inode), Names(), kNow);
}

std::vector<uint64_t> Inodes(const DiscoverResult& result) {
  std::vector<uint64_t> inodes;
  for (const FoundNamespace& netns : result.namespaces) inodes.push_back(netns.inode);
  return inodes;
}

std::vector<std::string> Reasons(const DiscoverResult& result) {
  std::vector<std::string> reasons;
  for (const model::PartError& error : result.errors) {
    EXPECT_EQ(error.part, "discovery");
    reasons.push_back(error.reason);
  }
  return reasons;
}

TEST_F(DiscoveryTest, GroupsProcessesByNamespaceHostFirst) {
  proc_.Set({.pid = 30, .netns = 500});
  proc_.Set({.pid = 9, .netns = kPod});
  proc_.Set({.pid = 100, .netns = kPod});
  proc_.Set({.pid = 1, .netns = kHost});
  Discovery discovery = Make();
  const DiscoverResult result = discovery.Walk(false);
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_THAT(Inodes(result), ElementsAre(kHost, 500, kPod));
  EXPECT_TRUE(result.namespaces[0].host);
  EXPECT_FALSE(result.namespaces[1].host);
  EXPECT_THAT(result.namespaces[0].pids, ElementsAre(1));
  EXPECT_THAT(result.namespaces[2].pids, ElementsAre(9, 100));
}

TEST_F(DiscoveryTest, HostIsTheNodesAndContainersAreGuests) {
  proc_.Set({.pid = 50, .netns = kHost, .cgroup = InPod(kIdA)});
  Discovery discovery = Make();
  const DiscoverResult result = discovery.Walk(false);
  ASSERT_THAT(result.namespaces, SizeIs(1));
  EXPECT_THAT(Named(result, kHost).owners,
              ElementsAre(Owner{.source = OwnerSource::kHost, .source_time = kNow},
                          Owner{.pod_uid = kUid,
                                .container_id = kIdA,
                                .runtime = "cri-o",
                                .source = OwnerSource::kCgroup,
                                .source_time = kNow}));
  EXPECT_EQ(*discovery.ContainerOf(50), kIdA);
}

TEST_F(DiscoveryTest, CgroupsOutsideOfTheCgroupNamespaceAreAnError) {
  proc_.Set({.pid = 50, .netns = kHost, .cgroup = absl::StrCat("0::/../../pod", kUid, "/crio-", kIdA, "\n")});
  proc_.Set({.pid = 51, .netns = kHost, .cgroup = "0::/..\n"});
  proc_.Set({.pid = 52, .netns = kHost, .cgroup = "0::/..dots\n"});
  Discovery discovery({.proc = proc_.path(), .pin_folders = {}, .cgroup_root = "/nowhere"});
  EXPECT_THAT(Reasons(discovery.Walk(false)),
              ElementsAre("cgroups are outside of this cgroup namespace: no cgroup v2 hierarchy at "
                          "/nowhere"));
  EXPECT_EQ(*discovery.ContainerOf(50), kIdA);
}

TEST_F(DiscoveryTest, KernelThreadsAreNoInhabitants) {
  Discovery discovery = Make();
  const DiscoverResult result = discovery.Walk(false);
  EXPECT_THAT(Inodes(result), ElementsAre(kHost));
  EXPECT_THAT(result.namespaces[0].pids, ElementsAre(2)) << "nobody else is there";
  proc_.Set({.pid = 7, .netns = kHost});
  EXPECT_THAT(discovery.Walk(false).namespaces[0].pids, ElementsAre(7));
}

TEST_F(DiscoveryTest, ContainersOfAPodShareItsUid) {
  proc_.Set({.pid = 10, .netns = kPod, .cgroup = InPod(kIdB)});
  proc_.Set({.pid = 11, .netns = kPod, .cgroup = InPod(kIdA)});
  proc_.Set({.pid = 12, .netns = kPod, .cgroup = InPod(kIdA)});
  proc_.Set({.pid = 13, .netns = kPod});
  Discovery discovery = Make();
  const DiscoverResult result = discovery.Walk(false);
  ASSERT_NE(Find(result, kPod), nullptr);
  Owner a{.pod_uid = kUid,
          .container_id = kIdA,
          .runtime = "cri-o",
          .source = OwnerSource::kCgroup,
          .source_time = kNow};
  Owner b = a;
  b.container_id = kIdB;
  EXPECT_THAT(Named(result, kPod).owners, ElementsAre(a, b));
  EXPECT_FALSE(Named(result, kPod).owners_truncated);
}

TEST_F(DiscoveryTest, NamesAtMostSoManyContainers) {
  for (uint32_t i = 0; i < 65; ++i) {
    const std::string id = absl::StrCat(absl::Hex(i, absl::kZeroPad2), std::string(62, 'c'));
    proc_.Set({.pid = 100 + i, .netns = kPod, .cgroup = InPod(id)});
  }
  Discovery discovery = Make();
  DiscoverResult result = discovery.Walk(false);
  EXPECT_THAT(Named(result, kPod).owners, SizeIs(64));
  EXPECT_TRUE(Named(result, kPod).owners_truncated);
  proc_.Remove(100);
  result = discovery.Walk(false);
  EXPECT_THAT(Named(result, kPod).owners, SizeIs(64));
  EXPECT_FALSE(Named(result, kPod).owners_truncated);
}

TEST_F(DiscoveryTest, WithoutContainerTheLowestPidOwnsIt) {
  proc_.Set({.pid = 77, .netns = kPod, .comm = "second"});
  proc_.Set({.pid = 9, .netns = kPod, .comm = "\x1b[31m)evil"});
  Discovery discovery = Make();
  const DiscoverResult result = discovery.Walk(false);
  const Owner expected{.source = OwnerSource::kProcess,
                       .source_time = kNow,
                       .process = model::Process{.pid = 9, .comm = "\x1b[31m)evil"}};
  EXPECT_THAT(Named(result, kPod).owners, ElementsAre(expected));
}

TEST_F(DiscoveryTest, QuickWalkSeesComingAndGoing) {
  Discovery discovery = Make();
  Settle(&discovery);
  proc_.Set({.pid = 10, .netns = kPod});
  EXPECT_THAT(Inodes(discovery.Walk(false)), ElementsAre(kHost, kPod));
  proc_.Remove(10);
  EXPECT_THAT(Inodes(discovery.Walk(false)), ElementsAre(kHost));
  EXPECT_EQ(discovery.ContainerOf(10), nullptr);
}

TEST_F(DiscoveryTest, NewProcessIsLookedAtThreeTimes) {
  Discovery discovery = Make();
  proc_.Set({.pid = 10, .netns = kHost, .comm = "runc"});
  discovery.Walk(false);
  discovery.Walk(false);
  proc_.Set({.pid = 10, .netns = kPod, .comm = "nginx", .cgroup = InPod(kIdA)});
  EXPECT_THAT(Inodes(discovery.Walk(false)), ElementsAre(kHost, kPod));
  EXPECT_EQ(*discovery.ContainerOf(10), kIdA);
  proc_.Set({.pid = 10, .netns = kOther, .comm = "later"});
  EXPECT_THAT(Inodes(discovery.Walk(false)), ElementsAre(kHost, kPod)) << "known well";
  const DiscoverResult full = discovery.Walk(true);
  EXPECT_THAT(Inodes(full), ElementsAre(kHost, kOther));
  EXPECT_EQ(Named(full, kOther).owners[0].process->comm, "later");
  EXPECT_EQ(*discovery.ContainerOf(10), "");
}

TEST_F(DiscoveryTest, ReusedPidIsNoticedByAQuickWalk) {
  proc_.Set({.pid = 10, .netns = kPod, .comm = "old", .cgroup = InPod(kIdA)});
  Discovery discovery = Make();
  Settle(&discovery);
  proc_.Reuse({.pid = 10, .netns = kOther, .comm = "new"});
  const DiscoverResult result = discovery.Walk(false);
  EXPECT_THAT(Inodes(result), ElementsAre(kHost, kOther));
  ASSERT_NE(Find(result, kOther), nullptr);
  EXPECT_EQ(Named(result, kOther).owners[0].process->comm, "new");
  EXPECT_EQ(*discovery.ContainerOf(10), "");
}

TEST_F(DiscoveryTest, ZombiesAndVanishingProcessesAreNormal) {
  proc_.Set({.pid = 10, .netns = 0});
  proc_.MakeFolder("11");
  Discovery discovery = Make();
  for (const bool full : {false, true}) {
    const DiscoverResult result = discovery.Walk(full);
    EXPECT_THAT(Inodes(result), ElementsAre(kHost));
    EXPECT_THAT(result.errors, IsEmpty());
  }
  EXPECT_EQ(*discovery.ContainerOf(11), "");
}

TEST_F(DiscoveryTest, StormIsLookedAtInParts) {
  for (uint32_t pid = 10; pid < 20; ++pid) proc_.Set({.pid = pid, .netns = kPod});
  Discovery discovery = Make(/*max_looks=*/4);
  DiscoverResult result = discovery.Walk(false);
  EXPECT_THAT(Reasons(result), ElementsAre("7 processes were not looked at yet: at most 4 at a time"));
  // 2 and 10 to 12; a kernel thread needs no second look, the others three each.
  EXPECT_THAT(Find(result, kPod)->pids, ElementsAre(10, 11, 12));
  size_t walks = 1;
  while (!result.errors.empty() && walks < 20) {
    result = discovery.Walk(false);
    ++walks;
  }
  EXPECT_LT(walks, 20u);
  EXPECT_THAT(Find(result, kPod)->pids, SizeIs(10));
}

TEST_F(DiscoveryTest, FullWalksGoOnWhereTheLastOneStopped) {
  for (uint32_t pid = 10; pid < 20; ++pid) proc_.Set({.pid = pid, .netns = kPod});
  Discovery discovery = Make(/*max_looks=*/4);
  for (int i = 0; i < 20; ++i) discovery.Walk(false);
  for (uint32_t pid = 10; pid < 20; ++pid) proc_.Set({.pid = pid, .netns = kOther});
  DiscoverResult result;
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(Find(discovery.Walk(false), kPod), nullptr);
    result = discovery.Walk(true);
  }
  EXPECT_EQ(Find(result, kPod), nullptr);
  EXPECT_THAT(Find(result, kOther)->pids, SizeIs(10));
}

TEST_F(DiscoveryTest, LongCgroupFileIsReadInPart) {
  proc_.Set({.pid = 10, .netns = kPod, .cgroup = std::string(size_t{1} << 20, 'x') + "\n" + InPod(kIdA)});
  proc_.Set({.pid = 11, .netns = kPod, .cgroup = InPod(kIdB) + std::string(size_t{1} << 20, 'x')});
  Discovery discovery = Make();
  discovery.Walk(false);
  EXPECT_EQ(*discovery.ContainerOf(10), "");
  EXPECT_EQ(*discovery.ContainerOf(11), kIdB);
}

TEST_F(DiscoveryTest, MissingProcIsAnErrorAndKeepsWhatWasKnown) {
  Discovery discovery({.proc = proc_.path() + "/none", .pin_folders = {}});
  const DiscoverResult result = discovery.Walk(true);
  EXPECT_THAT(result.namespaces, IsEmpty());
  EXPECT_THAT(Reasons(result),
              ElementsAre("open folder " + proc_.path() + "/none: No such file or directory"));
}

class HostTest : public testing::Test {
 protected:
  DiscoverResult Walk() { return Discovery({.proc = proc_.path(), .pin_folders = {}}).Walk(false); }
  test::FakeProc proc_;
};

TEST_F(HostTest, OrdinaryPidTwoIsNoWitness) {
  proc_.Set({.pid = 1, .netns = kHost});
  proc_.Set({.pid = 2, .netns = kPod});
  const DiscoverResult result = Walk();
  EXPECT_THAT(Inodes(result), ElementsAre(kHost, kPod));
  EXPECT_TRUE(result.namespaces[0].host);
}

TEST_F(HostTest, OurOwnIfItIsTheInitNamespace) {
  proc_.WriteFile("sys/net/core/dev_weight", "64\n");
  proc_.Set({.pid = 1, .netns = kPod});
  proc_.Set({.pid = 5, .netns = kHost});
  proc_.Link("thread-self/ns/net", absl::StrCat("net:[", kHost, "]"));
  const DiscoverResult result = Walk();
  EXPECT_TRUE(Find(result, kHost)->host);
  EXPECT_FALSE(Find(result, kPod)->host);
}

TEST_F(HostTest, NotKnownInAPidNamespaceOfOurOwn) {
  proc_.Set({.pid = 1, .netns = kPod});
  proc_.Link("self", "1");
  const DiscoverResult result = Walk();
  EXPECT_FALSE(Find(result, kPod)->host);
  EXPECT_EQ(Named(result, kPod).owners[0].source, OwnerSource::kProcess);
  EXPECT_THAT(Reasons(result), ElementsAre("the node's own namespace is not known: look at " + proc_.path() +
                                           "/1: it is this agent itself, in a PID namespace of its own"));
}

TEST_F(HostTest, NotKnownWithoutPidOne) {
  proc_.Set({.pid = 5, .netns = kPod});
  EXPECT_THAT(Reasons(Walk()), ElementsAre("the node's own namespace is not known: readlink " + proc_.path() +
                                           "/1/ns/net: No such file or directory"));
}

TEST(PinsTest, IgnoresFilesThatAreNoNamespaces) {
  test::FakeProc folder;
  folder.WriteFile("run/netns/leftover", "");
  folder.MakeFolder("run/netns/folder");
  folder.Link("run/netns/dangling", "/nonexistent/net");
  ASSERT_EQ(::mkfifo((folder.path() + "/run/netns/fifo").c_str(), 0600), 0);
  PinFolders pins({folder.path() + "/run/netns", folder.path() + "/gone"});
  std::vector<model::PartError> errors;
  EXPECT_THAT(pins.List(&errors), IsEmpty());
  EXPECT_THAT(errors, IsEmpty());
}

TEST(PinsTest, TellsAFolderThatCantBeListed) {
  test::FakeProc folder;
  folder.WriteFile("file", "");
  PinFolders pins({folder.path() + "/file"});
  std::vector<model::PartError> errors;
  pins.List(&errors);
  EXPECT_THAT(errors,
              ElementsAre(model::PartError{
                  .part = "discovery", .reason = "open folder " + folder.path() + "/file: Not a directory"}));
}

// Links to namespace files show what bind mounts show, without a capability.
TEST(PinsTest, ListsNetworkNamespacesOnceByTheFirstFolder) {
  test::FakeProc folder;
  folder.Link("run/netns/b", "/proc/self/ns/net");
  folder.Link("run/netns/a", "/proc/self/ns/net");
  folder.Link("run/netns/mnt", "/proc/self/ns/mnt");
  folder.Link("var-run", "run");
  PinFolders pins({folder.path() + "/run/netns", folder.path() + "/var-run/netns"});
  for (int i = 0; i < 2; ++i) {
    std::vector<model::PartError> errors;
    std::vector<std::string> paths;
    for (const Pin& pin : pins.List(&errors)) {
      paths.push_back(pin.path);
      EXPECT_EQ(pin.id, *sys::StatFile("/proc/self/ns/net"));
    }
    EXPECT_THAT(paths, ElementsAre(folder.path() + "/run/netns/a", folder.path() + "/run/netns/b"));
    EXPECT_THAT(errors, IsEmpty());
  }
}

TEST_F(DiscoveryTest, NamespaceWithAPinAndNoContainerIsThePins) {
  test::FakeProc folder;
  folder.Link("blue", "/proc/self/ns/net");
  const uint64_t own = sys::StatFile("/proc/self/ns/net")->inode;
  proc_.Set({.pid = 10, .netns = own});
  Discovery discovery({.proc = proc_.path(), .pin_folders = {folder.path()}});
  const DiscoverResult result = discovery.Walk(false);
  ASSERT_NE(Find(result, own), nullptr);
  EXPECT_THAT(Find(result, own)->pins, ElementsAre(folder.path() + "/blue"));
  EXPECT_THAT(Find(result, own)->pids, ElementsAre(10));
  EXPECT_EQ(Find(result, own)->dev, sys::StatFile("/proc/self/ns/net")->dev);
  EXPECT_THAT(Named(result, own).owners,
              ElementsAre(Owner{.source = OwnerSource::kPin, .source_time = kNow}));
}

}  // namespace
}  // namespace listenq::discover
