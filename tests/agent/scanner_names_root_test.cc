// What the scanner makes of the names that container runtimes tell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/scanner.h"
#include "tests/agent/discover/pods.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_names.h"
#include "tests/support/skip.h"
#include "tests/support/sockets.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using NamespacePtr = std::shared_ptr<const model::Namespace>;

class ScannerNamesTest : public ::testing::Test {
 protected:
  void SetUp() override { LISTENQ_SKIP_UNLESS_ROOT(); }

  void Beat() {
    clock_.Advance(absl::Seconds(1));
    scanner_.Beat();
  }
  // Null where it is not.
  static NamespacePtr Find(const std::vector<NamespacePtr>& list, uint64_t inode) {
    for (const NamespacePtr& value : list) {
      if (value->id->inode == inode) return value;
    }
    return nullptr;
  }
  NamespacePtr Live(uint64_t inode) { return Find(scanner_.Latest()->namespaces, inode); }

  // A pod whose network namespace is the bind mount of `netns`.
  discover::Pod PodIn(const test::TestNetns& netns) {
    discover::Pod pod = test::MakePod("web-0", 's', {{test::Id('a'), "nginx", "nginx:1"}});
    pod.detail = test::MakeDetail(0, netns.path());
    pod.confirmed = clock_.Now();
    return pod;
  }

  test::FakeClock clock_;
  test::FakeNames names_;
  Scanner scanner_{{.node_name = "here"}, &clock_, &names_};
};

TEST_F(ScannerNamesTest, NewNamespaceMakesTheSourceAskAtOnce) {
  Beat();
  const int before = names_.wakes;
  const test::TestNetns netns;
  Beat();
  EXPECT_GT(names_.wakes, before);
}

TEST_F(ScannerNamesTest, NameThatComesLaterIsTakenInTheNextBeat) {
  const test::TestNetns netns;
  Beat();
  ASSERT_NE(Live(netns.inode()), nullptr);
  EXPECT_EQ(Live(netns.inode())->owners->front().source, model::OwnerSource::kPin);
  names_.Set(test::NamesOf({PodIn(netns)}));
  Beat();
  const model::Owner& owner = Live(netns.inode())->owners->front();
  EXPECT_EQ(owner.pod, "web-0");
  EXPECT_EQ(owner.container, "nginx");
  EXPECT_EQ(owner.source, model::OwnerSource::kCri);
}

TEST_F(ScannerNamesTest, NamespaceThatEndedBeforeItsNameCameHasItAllTheSame) {
  std::optional<test::TestNetns> netns(std::in_place);
  Beat();
  const uint64_t inode = netns->inode();
  ASSERT_NE(Live(inode), nullptr);
  names_.Set(test::NamesOf({PodIn(*netns)}));
  netns.reset();
  Beat();
  const NamespacePtr ended = Find(scanner_.Latest()->ended, inode);
  ASSERT_NE(ended, nullptr);
  EXPECT_EQ(ended->owners->front().pod, "web-0");
}

// The kernel gives an inode number out again at once: tried until it does.
TEST_F(ScannerNamesTest, EndedNamespaceKeepsItsNameWhenItsInodeIsAnothers) {
  std::optional<test::TestNetns> first(std::in_place);
  names_.Set(test::NamesOf({PodIn(*first)}));
  Beat();
  const uint64_t inode = first->inode();
  first.reset();
  std::vector<std::unique_ptr<test::TestNetns>> others;
  const bool again = test::WaitUntil(
      [&] {
        if (others.size() < 300) others.push_back(std::make_unique<test::TestNetns>());
        return others.back()->inode() == inode;
      },
      absl::Seconds(2));
  if (!again) GTEST_SKIP() << "the kernel did not give the inode number out again";
  discover::Pod second = test::MakePod("api-0", 't', {});
  second.detail = test::MakeDetail(0, others.back()->path());
  names_.Set(test::NamesOf({second}));
  Beat();
  const NamespacePtr ended = Find(scanner_.Latest()->ended, inode);
  ASSERT_NE(ended, nullptr);
  EXPECT_EQ(ended->owners->front().pod, "web-0");
  EXPECT_EQ(Live(inode)->owners->front().pod, "api-0");
}

TEST_F(ScannerNamesTest, SnapshotIsCompleteWhenTheSourcesWereAsked) {
  names_.Set(discover::Names({}, {}, /*complete=*/false));
  Beat();
  EXPECT_FALSE(scanner_.Latest()->complete);
  names_.Set(discover::Names({}, {}, /*complete=*/true));
  Beat();
  EXPECT_TRUE(scanner_.Latest()->complete);
}

TEST_F(ScannerNamesTest, SourceThatFailsIsAnErrorOfTheNodeAndOneThatIsAbsentIsNot) {
  names_.health = {{.source = "cri unix:///run/x.sock",
                    .message = "ListPodSandbox: refused",
                    .last_success = absl::FromUnixSeconds(0)},
                   {.source = "cri", .absent = true, .message = "no socket"},
                   {.source = "docker /var/lib/docker", .healthy = true}};
  Beat();
  const auto snapshot = scanner_.Latest();
  EXPECT_EQ(snapshot->node.sources, names_.health);
  std::vector<model::PartError> errors = snapshot->node.errors;
  std::erase_if(errors, [](const model::PartError& error) { return error.part != "owners"; });
  EXPECT_THAT(errors,
              ElementsAre(model::PartError{.part = "owners",
                                           .reason = "cri unix:///run/x.sock: ListPodSandbox: refused; "
                                                     "its names are as of 1970-01-01T00:00:00Z"}));
}

TEST_F(ScannerNamesTest, DeclaredSysctlsStandBesideThoseInForce) {
  const test::TestNetns netns;
  discover::Pod pod = PodIn(netns);
  discover::SandboxDetail detail = *pod.detail;
  detail.declared_sysctls =
      std::make_shared<const discover::SysctlMap>(discover::SysctlMap{{"net.core.somaxconn", "1024"}});
  pod.detail = std::make_shared<const discover::SandboxDetail>(detail);
  names_.Set(test::NamesOf({pod}));
  Beat();
  const NamespacePtr value = Live(netns.inode());
  ASSERT_NE(value->declared_sysctls, nullptr);
  EXPECT_EQ(value->declared_sysctls->at("net.core.somaxconn"), "1024");
}

TEST_F(ScannerNamesTest, GuestKernelIsNotObservableUntilASocketIsSeen) {
  const test::TestNetns netns;
  discover::Pod pod = PodIn(netns);
  pod.runtime_handler = "runsc";
  names_.Set(test::NamesOf({pod}));
  Beat();
  EXPECT_EQ(Live(netns.inode())->not_observable_reason,
            "not observable: guest kernel (gVisor, runtime handler runsc)");
  EXPECT_THAT(Live(netns.inode())->listeners, IsEmpty());
  // As runsc does with --network=host.
  const auto listener = test::Listen(netns, {.port = 8080});
  for (int i = 0; i < 5; ++i) Beat();
  EXPECT_EQ(Live(netns.inode())->not_observable_reason, "");
}

TEST_F(ScannerNamesTest, UnchangedOwnersAreTheSameObject) {
  const test::TestNetns netns;
  names_.Set(test::NamesOf({PodIn(netns)}));
  Beat();
  const auto owners = Live(netns.inode())->owners;
  Beat();
  EXPECT_EQ(Live(netns.inode())->owners, owners);
}

}  // namespace
}  // namespace listenq::agent
