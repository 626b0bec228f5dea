#include "agent/discover/name_poller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "tests/agent/discover/pods.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_runtime.h"
#include "tests/support/temp_folder.h"
#include "tests/support/wait.h"

namespace listenq::discover {
namespace {

using test::Id;
using test::MakePod;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class NamePollerTest : public ::testing::Test {
 protected:
  NamePollerTest() {
    runtime_.pods = {MakePod("web-0", 's', {{Id('a'), "nginx", "nginx:1"}})};
    runtime_.details.emplace(Id('s'), SandboxDetail());
  }

  NamePoller::Options Options() {
    NamePoller::Options options;
    options.plain = {.docker_root = folder_.path() + "/docker", .podman_root = folder_.path() + "/podman"};
    return options;
  }
  ConnectRuntime Connect() {
    return [this]() -> absl::StatusOr<RuntimeConnection> {
      ++connects_;
      if (!connect_status_.ok()) return connect_status_;
      return RuntimeConnection{.name = "cri unix:///run/x.sock",
                               .runtime = std::make_unique<test::RuntimeReference>(&runtime_)};
    };
  }

  test::TempFolder folder_;
  test::FakeClock clock_;
  test::FakeRuntime runtime_;
  absl::Status connect_status_;
  std::atomic<int> connects_ = 0;
};

TEST_F(NamePollerTest, BeforeTheFirstRoundItIsNotComplete) {
  const NamePoller poller(Options(), Connect(), &clock_);
  EXPECT_FALSE(poller.Latest()->complete());
  EXPECT_THAT(poller.Health(), IsEmpty());
}

TEST_F(NamePollerTest, OneRoundNamesPodsWithTheirDetails) {
  NamePoller poller(Options(), Connect(), &clock_);
  poller.Poll();
  EXPECT_TRUE(poller.Latest()->complete());
  ASSERT_NE(poller.Latest()->PodOfContainer(Id('a')), nullptr);
  EXPECT_NE(poller.Latest()->PodOfContainer(Id('a'))->detail, nullptr);
  const auto health = poller.Health();
  ASSERT_THAT(health, SizeIs(1));
  EXPECT_EQ(health[0],
            (model::SourceHealth{
                .source = "cri unix:///run/x.sock", .healthy = true, .last_success = clock_.Now()}));
}

TEST_F(NamePollerTest, NothingNewIsTheSameObject) {
  NamePoller poller(Options(), Connect(), &clock_);
  poller.Poll();
  const auto first = poller.Latest();
  clock_.Advance(absl::Seconds(1));
  poller.Poll();
  EXPECT_EQ(poller.Latest(), first);
  EXPECT_EQ(poller.Health()[0].last_success, clock_.Now()) << "health is of this round all the same";
  EXPECT_EQ(connects_, 1) << "the connection is kept";
}

TEST_F(NamePollerTest, LosingTheRuntimeKeepsNamesStale) {
  NamePoller poller(Options(), Connect(), &clock_);
  poller.Poll();
  const absl::Time last_success = clock_.Now();
  clock_.Advance(absl::Seconds(1));
  runtime_.list_status = absl::UnavailableError("ListPodSandbox: connection refused");
  poller.Poll();
  ASSERT_NE(poller.Latest()->PodOfContainer(Id('a')), nullptr);
  EXPECT_TRUE(poller.Latest()->PodOfContainer(Id('a'))->stale);
  EXPECT_TRUE(poller.Latest()->complete());
  EXPECT_EQ(poller.Health()[0], (model::SourceHealth{.source = "cri unix:///run/x.sock",
                                                     .healthy = false,
                                                     .message = "ListPodSandbox: connection refused",
                                                     .last_success = last_success}));
  runtime_.list_status = absl::OkStatus();
  poller.Poll();
  EXPECT_EQ(connects_, 2) << "it may have moved";
  EXPECT_FALSE(poller.Latest()->PodOfContainer(Id('a'))->stale);
  EXPECT_TRUE(poller.Health()[0].healthy);
}

TEST_F(NamePollerTest, NoRuntimeOnThisNodeIsAbsentNotFaulty) {
  connect_status_ = absl::NotFoundError("find a container runtime's socket: none");
  NamePoller poller(Options(), Connect(), &clock_);
  poller.Poll();
  EXPECT_TRUE(poller.Latest()->complete());
  EXPECT_EQ(poller.Health()[0], (model::SourceHealth{.source = "cri",
                                                     .healthy = false,
                                                     .absent = true,
                                                     .message = "find a container runtime's socket: none"}));
}

TEST_F(NamePollerTest, RuntimeWhoseSocketVanishedIsFaulty) {
  NamePoller poller(Options(), Connect(), &clock_);
  poller.Poll();
  runtime_.list_status = absl::UnavailableError("gone");
  poller.Poll();
  connect_status_ = absl::NotFoundError("find a container runtime's socket: none");
  poller.Poll();
  EXPECT_FALSE(poller.Health()[0].absent);
  EXPECT_EQ(poller.Health()[0].source, "cri unix:///run/x.sock");
  EXPECT_TRUE(poller.Latest()->PodOfContainer(Id('a'))->stale);
}

TEST_F(NamePollerTest, PodsWithoutDetailAreCountedInTheHealth) {
  runtime_.details.at(Id('s')) = absl::DeadlineExceededError("PodSandboxStatus: Deadline Exceeded");
  NamePoller poller(Options(), Connect(), &clock_);
  poller.Poll();
  EXPECT_TRUE(poller.Health()[0].healthy);
  EXPECT_EQ(poller.Health()[0].message,
            "the status of 1 of 1 pods could not be had: shop/web-0: PodSandboxStatus: Deadline Exceeded");
  EXPECT_TRUE(poller.Latest()->complete()) << "asked, though in vain";
}

TEST_F(NamePollerTest, WithoutCriThereIsNoSuchSource) {
  NamePoller poller(Options(), nullptr, &clock_);
  poller.Poll();
  EXPECT_THAT(poller.Health(), IsEmpty());
  EXPECT_TRUE(poller.Latest()->complete());
}

TEST_F(NamePollerTest, AwaitsTheFirstRoundAndNoLongerThanItIsTold) {
  NamePoller poller(Options(), Connect(), &clock_);
  poller.AwaitComplete(absl::Milliseconds(1));
  EXPECT_FALSE(poller.Latest()->complete());
  poller.Start();
  poller.AwaitComplete(test::kPatience);
  EXPECT_TRUE(poller.Latest()->complete());
}

TEST_F(NamePollerTest, WakeAsksBeforeTheInterval) {
  NamePoller::Options options = Options();
  options.interval = absl::Hours(1);
  options.least_pause = absl::Milliseconds(1);
  connect_status_ = absl::NotFoundError("none");
  options.longest_pause = absl::Hours(1);
  NamePoller poller(options, Connect(), &clock_);
  poller.Start();
  ASSERT_TRUE(test::WaitUntil([&] { return connects_ == 1; }));
  poller.Wake();
  EXPECT_TRUE(test::WaitUntil([&] { return connects_ == 2; }));
}

}  // namespace
}  // namespace listenq::discover
