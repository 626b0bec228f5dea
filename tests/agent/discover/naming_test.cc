#include "agent/discover/naming.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/agent/discover/pods.h"

namespace listenq::discover {
namespace {

using model::Owner;
using model::OwnerSource;
using test::Id;
using test::MakeDetail;
using test::MakePod;
using test::NamesOf;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::Field;
using ::testing::Pointee;
using ::testing::SizeIs;

const absl::Time kNow = absl::FromUnixSeconds(2000);
const absl::Time kConfirmed = absl::FromUnixSeconds(1000);

std::shared_ptr<const CgroupOwner> InContainer(char digit) {
  return std::make_shared<const CgroupOwner>(
      CgroupOwner{.runtime = "containerd", .container_id = Id(digit), .pod_uid = "uid-by-cgroup"});
}

auto Containers(const std::vector<std::string>& names) {
  std::vector<testing::Matcher<Owner>> matchers;
  matchers.reserve(names.size());
  for (const std::string& name : names) matchers.push_back(Field(&Owner::container, name));
  return testing::ElementsAreArray(matchers);
}

Pod Web() {
  Pod pod = MakePod("web-0", 's', {{Id('a'), "nginx", "nginx:1"}, {Id('b'), "envoy", "envoy:2"}});
  pod.confirmed = kConfirmed;
  pod.detail = MakeDetail(77, "/var/run/netns/cni-web");
  return pod;
}

FoundNamespace Inhabited(std::vector<std::shared_ptr<const CgroupOwner>> containers) {
  FoundNamespace found{.dev = 4, .inode = 4026532000};
  found.pids = {500};
  found.first_processes = {{.pid = 500, .comm = "nginx"}};
  found.containers = std::move(containers);
  return found;
}

TEST(NameNamespace, PodIsFoundByThePinOfItsNamespace) {
  FoundNamespace found{.inode = 1, .pins = {"/host/run/netns/cni-web"}};
  const NamedNamespace named = NameNamespace(found, NamesOf({Web()}), kNow);
  ASSERT_THAT(named.owners, SizeIs(2));
  Owner expected;
  expected.namespace_name = "shop";
  expected.pod = "web-0";
  expected.pod_uid = "web-0-uid";
  expected.container = "nginx";
  expected.container_id = Id('a');
  expected.image = "nginx:1";
  expected.labels = {{"app", "web"}};
  expected.workload = "Deployment web";
  expected.source = OwnerSource::kCri;
  expected.source_time = kConfirmed;
  EXPECT_EQ(named.owners[0], expected);
  EXPECT_EQ(named.owners[1].container, "envoy");
}

TEST(NameNamespace, PodIsFoundByAContainerOfItsProcesses) {
  Pod pod = Web();
  pod.detail = nullptr;
  const NamedNamespace named = NameNamespace(Inhabited({InContainer('b')}), NamesOf({pod}), kNow);
  EXPECT_THAT(named.owners, Containers({"nginx", "envoy"}));
}

TEST(NameNamespace, PodIsFoundByItsSandboxsOwnContainer) {
  const NamedNamespace named = NameNamespace(Inhabited({InContainer('s')}), NamesOf({Web()}), kNow);
  EXPECT_THAT(named.owners, Containers({"nginx", "envoy"}));
}

TEST(NameNamespace, PodIsFoundByTheProcessOfItsSandbox) {
  FoundNamespace found = Inhabited({});
  found.pids = {76, 77};
  EXPECT_THAT(NameNamespace(found, NamesOf({Web()}), kNow).owners, Containers({"nginx", "envoy"}));
}

TEST(NameNamespace, PidOfAPodThatIsGoneMayBeSomebodyElses) {
  FoundNamespace found = Inhabited({});
  found.pids = {77};
  Pod gone = Web();
  gone.gone = true;
  EXPECT_EQ(NameNamespace(found, NamesOf({gone}), kNow).owners.front().source, OwnerSource::kProcess);
  found.pins = {"/run/netns/cni-web"};
  EXPECT_EQ(NameNamespace(found, NamesOf({gone}), kNow).owners.front().pod, "web-0");
}

TEST(NameNamespace, VisitorIsNoOwner) {
  const Pod visitor = MakePod("tool", 't', {{Id('v'), "tool", "tool:1"}});
  FoundNamespace found = Inhabited({InContainer('v')});
  const Names names = NamesOf({Web(), visitor});
  EXPECT_THAT(NameNamespace(found, names, kNow).owners, Containers({"tool"})) << "nothing better is known";
  found.pins = {"/run/netns/cni-web"};
  EXPECT_THAT(NameNamespace(found, names, kNow).owners, Containers({"nginx", "envoy"}));
}

TEST(NameNamespace, PodWithoutContainersIsNamedAlone) {
  Pod pod = Web();
  pod.containers.clear();
  const NamedNamespace named = NameNamespace(Inhabited({InContainer('s')}), NamesOf({pod}), kNow);
  ASSERT_THAT(named.owners, SizeIs(1));
  EXPECT_EQ(named.owners[0].pod, "web-0");
  EXPECT_EQ(named.owners[0].container_id, "");
}

TEST(NameNamespace, ContainerThatIsNotListedYetHasThePodAndItsId) {
  const auto unlisted = std::make_shared<const CgroupOwner>(
      CgroupOwner{.runtime = "containerd", .container_id = Id('n'), .pod_uid = "web-0-uid"});
  const NamedNamespace named = NameNamespace(Inhabited({InContainer('a'), unlisted}), NamesOf({Web()}), kNow);
  ASSERT_THAT(named.owners, SizeIs(3));
  EXPECT_EQ(named.owners[2].pod, "web-0");
  EXPECT_EQ(named.owners[2].container, "");
  EXPECT_EQ(named.owners[2].container_id, Id('n'));
  Pod empty = Web();
  empty.containers.clear();
  FoundNamespace found = Inhabited({unlisted});
  found.pins = {"/run/netns/cni-web"};
  EXPECT_THAT(NameNamespace(found, NamesOf({empty}), kNow).owners,
              ElementsAre(Field(&Owner::container_id, Id('n'))));
}

TEST(NameNamespace, StaleNamesSaySo) {
  Pod pod = Web();
  pod.stale = true;
  const NamedNamespace named = NameNamespace(Inhabited({InContainer('a')}), NamesOf({pod}), kNow);
  EXPECT_TRUE(named.owners[0].stale);
  EXPECT_EQ(named.owners[0].source_time, kConfirmed);
}

TEST(NameNamespace, DeclaredSysctlsAreThePods) {
  Pod pod = Web();
  SandboxDetail detail = *pod.detail;
  detail.declared_sysctls = std::make_shared<const SysctlMap>(SysctlMap{{"net.core.somaxconn", "1024"}});
  pod.detail = std::make_shared<const SandboxDetail>(detail);
  EXPECT_THAT(NameNamespace(Inhabited({InContainer('a')}), NamesOf({pod}), kNow).declared_sysctls,
              Pointee(Eq(SysctlMap{{"net.core.somaxconn", "1024"}})));
  EXPECT_EQ(NameNamespace(Inhabited({InContainer('a')}), NamesOf({Web()}), kNow).declared_sysctls, nullptr);
}

TEST(NameNamespace, DockerNamesContainersThatTheRuntimeDoesNotKnow) {
  PlainContainer database;
  database.id = Id('d');
  database.name = "database";
  database.image = "postgres";
  database.runtime = "docker";
  database.declared_sysctls = std::make_shared<const SysctlMap>(SysctlMap{{"net.core.somaxconn", "512"}});
  const NamedNamespace named =
      NameNamespace(Inhabited({InContainer('c'), InContainer('d')}), NamesOf({Web()}, {database}), kNow);
  ASSERT_THAT(named.owners, SizeIs(2));
  EXPECT_EQ(named.owners[0].source, OwnerSource::kCgroup);
  EXPECT_EQ(named.owners[0].pod_uid, "uid-by-cgroup");
  EXPECT_EQ(named.owners[0].source_time, kNow);
  EXPECT_EQ(named.owners[1].source, OwnerSource::kDocker);
  EXPECT_EQ(named.owners[1].container, "database");
  EXPECT_EQ(named.owners[1].pod, "");
  EXPECT_THAT(named.declared_sysctls, Pointee(Eq(SysctlMap{{"net.core.somaxconn", "512"}})));
}

TEST(NameNamespace, GuestsOfTheHostFollowItAndItsSysctlsAreNotTheirs) {
  Pod pod = Web();
  SandboxDetail detail;
  detail.host_network = true;
  detail.declared_sysctls = std::make_shared<const SysctlMap>(SysctlMap{{"net.core.somaxconn", "1"}});
  pod.detail = std::make_shared<const SandboxDetail>(detail);
  FoundNamespace host = Inhabited({InContainer('b'), InContainer('c'), InContainer('s')});
  host.host = true;
  const NamedNamespace named = NameNamespace(host, NamesOf({pod}), kNow);
  ASSERT_THAT(named.owners, SizeIs(3)) << "the sandbox's own container owns nothing";
  EXPECT_EQ(named.owners[0].source, OwnerSource::kHost);
  EXPECT_EQ(named.owners[1].pod, "web-0");
  EXPECT_EQ(named.owners[1].container, "envoy");
  EXPECT_EQ(named.owners[2].container_id, Id('c'));
  EXPECT_EQ(named.declared_sysctls, nullptr);
}

TEST(NameNamespace, HasAtMostSoManyOwnersSaveTheHost) {
  std::vector<std::shared_ptr<const CgroupOwner>> containers;
  for (int i = 0; i < 65; ++i) {
    containers.push_back(std::make_shared<const CgroupOwner>(
        CgroupOwner{.container_id = absl::StrCat(absl::Hex(i, absl::kZeroPad2), std::string(62, 'e'))}));
  }
  FoundNamespace found = Inhabited(containers);
  EXPECT_THAT(NameNamespace(found, Names(), kNow).owners, SizeIs(64));
  EXPECT_TRUE(NameNamespace(found, Names(), kNow).owners_truncated);
  found.host = true;
  EXPECT_THAT(NameNamespace(found, Names(), kNow).owners, SizeIs(66));
  EXPECT_FALSE(NameNamespace(found, Names(), kNow).owners_truncated);
}

TEST(NameNamespace, GuestKernelIsNotObservable) {
  Pod pod = Web();
  pod.runtime_handler = "runsc";
  EXPECT_EQ(NameNamespace(Inhabited({InContainer('a')}), NamesOf({Web()}), kNow).not_observable_reason, "");
  EXPECT_EQ(NameNamespace(Inhabited({InContainer('a')}), NamesOf({pod}), kNow).not_observable_reason,
            "not observable: guest kernel (gVisor, runtime handler runsc)");
}

TEST(Names, FindsByEveryKey) {
  const Names names = NamesOf({Web()});
  EXPECT_EQ(names.PodOfContainer(Id('a'))->name, "web-0");
  EXPECT_EQ(names.PodOfContainer(Id('s'))->name, "web-0");
  EXPECT_EQ(names.PodOfContainer(Id('x')), nullptr);
  EXPECT_EQ(names.PodOfNetnsName("cni-web")->name, "web-0");
  EXPECT_EQ(names.PodOfNetnsName(""), nullptr);
  EXPECT_EQ(names.PodOfSandboxPid(77)->name, "web-0");
  EXPECT_EQ(names.PodOfSandboxPid(0), nullptr);
  EXPECT_EQ(names.ContainerById(Id('a')), nullptr);
}

TEST(Names, ProcPathIsNobodysName) {
  Pod pod = Web();
  pod.detail = MakeDetail(0, "/proc/77/ns/net");
  EXPECT_EQ(NamesOf({pod}).PodOfNetnsName("net"), nullptr);
}

}  // namespace
}  // namespace listenq::discover
