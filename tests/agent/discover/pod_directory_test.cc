#include "agent/discover/pod_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/agent/discover/pods.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_runtime.h"

namespace listenq::discover {
namespace {

using test::Id;
using test::MakePod;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PodDirectoryTest : public ::testing::Test {
 protected:
  PodDirectoryTest() { runtime_.pods = {MakePod("web-0", 's', {{Id('a'), "nginx", "nginx:1"}})}; }

  std::shared_ptr<const Pod> Only() {
    const auto pods = directory_.Pods();
    EXPECT_THAT(pods, SizeIs(1));
    return pods.empty() ? std::make_shared<const Pod>() : pods.front();
  }

  test::FakeClock clock_;
  test::FakeRuntime runtime_;
  PodDirectory directory_{{}, &clock_};
};

TEST_F(PodDirectoryTest, ListsAreConfirmedNow) {
  ASSERT_TRUE(directory_.Update(runtime_).ok());
  EXPECT_EQ(Only()->name, "web-0");
  EXPECT_EQ(Only()->confirmed, clock_.Now());
  EXPECT_EQ(directory_.present(), 1u);
}

TEST_F(PodDirectoryTest, DetailIsAskedOncePerSandbox) {
  SandboxDetail detail;
  detail.netns_path = "/var/run/netns/cni-1";
  runtime_.details.emplace(Id('s'), detail);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(directory_.Update(runtime_).ok());
    EXPECT_EQ(directory_.has_unasked(), i == 0);
    EXPECT_EQ(directory_.AskDetails(runtime_), i == 0);
    clock_.Advance(absl::Minutes(1));
  }
  EXPECT_THAT(runtime_.asked, ElementsAre(Id('s')));
  ASSERT_NE(Only()->detail, nullptr);
  EXPECT_EQ(Only()->detail->netns_path, "/var/run/netns/cni-1");
}

TEST_F(PodDirectoryTest, FailedDetailIsAskedAgainAfterAPauseThatDoubles) {
  runtime_.details.emplace(Id('s'), absl::DeadlineExceededError("hung shim"));
  ASSERT_TRUE(directory_.Update(runtime_).ok());
  std::vector<int> asked_at;
  for (int second = 0; second < 40; ++second, clock_.Advance(absl::Seconds(1))) {
    const size_t before = runtime_.asked.size();
    directory_.AskDetails(runtime_);
    if (runtime_.asked.size() > before) asked_at.push_back(second);
  }
  EXPECT_THAT(asked_at, ElementsAre(0, 5, 15, 35));
  EXPECT_EQ(directory_.without_detail(), 1u);
  EXPECT_FALSE(directory_.has_unasked());
  EXPECT_EQ(directory_.detail_error(), "shop/web-0: hung shim");

  runtime_.details.at(Id('s')) = SandboxDetail();
  clock_.Advance(absl::Minutes(5));
  EXPECT_TRUE(directory_.AskDetails(runtime_));
  EXPECT_EQ(directory_.without_detail(), 0u);
  EXPECT_EQ(directory_.detail_error(), "");
}

TEST_F(PodDirectoryTest, HungShimsTakeNoMoreThanTheTimeAllotted) {
  runtime_.pods.clear();
  for (const char digit : {'1', '2', '3', '4', '5'}) {
    runtime_.pods.push_back(MakePod(std::string("pod-") + digit, digit, {}));
    runtime_.details.emplace(Id(digit), absl::DeadlineExceededError("hung shim"));
  }
  runtime_.on_detail = [&] { clock_.Advance(absl::Seconds(2)); };
  ASSERT_TRUE(directory_.Update(runtime_).ok());
  EXPECT_FALSE(directory_.AskDetails(runtime_));
  EXPECT_THAT(runtime_.asked, SizeIs(2)) << "two calls of 2 s fill 3 s";
  EXPECT_TRUE(directory_.has_unasked());
  directory_.AskDetails(runtime_);
  directory_.AskDetails(runtime_);
  EXPECT_FALSE(directory_.has_unasked());
  EXPECT_EQ(directory_.without_detail(), 5u);
}

TEST_F(PodDirectoryTest, FailedListKeepsNamesAndMarksThemStale) {
  ASSERT_TRUE(directory_.Update(runtime_).ok());
  clock_.Advance(absl::Seconds(10));
  ASSERT_TRUE(directory_.Update(runtime_).ok());
  const absl::Time last_list = clock_.Now();
  clock_.Advance(absl::Seconds(10));
  runtime_.list_status = absl::UnavailableError("connection refused");
  EXPECT_EQ(directory_.Update(runtime_), runtime_.list_status);
  EXPECT_EQ(Only()->name, "web-0");
  EXPECT_TRUE(Only()->stale);
  EXPECT_EQ(Only()->confirmed, last_list);

  runtime_.list_status = absl::OkStatus();
  ASSERT_TRUE(directory_.Update(runtime_).ok());
  EXPECT_FALSE(Only()->stale);
  EXPECT_EQ(Only()->confirmed, clock_.Now());
}

TEST_F(PodDirectoryTest, PodThatIsNoLongerListedIsKeptAWhile) {
  ASSERT_TRUE(directory_.Update(runtime_).ok());
  const absl::Time listed = clock_.Now();
  runtime_.pods.clear();
  clock_.Advance(absl::Seconds(1));
  ASSERT_TRUE(directory_.Update(runtime_).ok());
  EXPECT_TRUE(Only()->gone);
  EXPECT_FALSE(Only()->stale);
  EXPECT_EQ(Only()->confirmed, listed);
  EXPECT_EQ(directory_.present(), 0u);
  clock_.Advance(absl::Minutes(5));
  ASSERT_TRUE(directory_.Update(runtime_).ok());
  EXPECT_THAT(directory_.Pods(), SizeIs(1));
  clock_.Advance(absl::Seconds(1));
  ASSERT_TRUE(directory_.Update(runtime_).ok());
  EXPECT_THAT(directory_.Pods(), IsEmpty());
}

TEST_F(PodDirectoryTest, GonePodsAreBounded) {
  PodDirectory directory({.max_gone = 1}, &clock_);
  runtime_.pods = {MakePod("a", 'a', {})};
  ASSERT_TRUE(directory.Update(runtime_).ok());
  clock_.Advance(absl::Seconds(1));
  runtime_.pods = {MakePod("b", 'b', {})};
  ASSERT_TRUE(directory.Update(runtime_).ok());
  clock_.Advance(absl::Seconds(1));
  runtime_.pods.clear();
  ASSERT_TRUE(directory.Update(runtime_).ok());
  ASSERT_THAT(directory.Pods(), SizeIs(1));
  EXPECT_EQ(directory.Pods().front()->name, "b") << "the one that went last";
}

TEST_F(PodDirectoryTest, VersionMovesWithWhatIsTold) {
  ASSERT_TRUE(directory_.Update(runtime_).ok());
  const uint64_t first = directory_.version();
  clock_.Advance(absl::Seconds(1));
  ASSERT_TRUE(directory_.Update(runtime_).ok());
  EXPECT_EQ(directory_.version(), first) << "the same list, a second later";
  runtime_.pods[0].containers.push_back({Id('b'), "envoy", "envoy:2"});
  clock_.Advance(absl::Seconds(1));
  ASSERT_TRUE(directory_.Update(runtime_).ok());
  EXPECT_GT(directory_.version(), first);
  const uint64_t second = directory_.version();
  clock_.Advance(absl::Seconds(30));
  ASSERT_TRUE(directory_.Update(runtime_).ok());
  EXPECT_GT(directory_.version(), second) << "the time of confirmation is brought up to date";
  EXPECT_EQ(Only()->confirmed, clock_.Now());
}

}  // namespace
}  // namespace listenq::discover
