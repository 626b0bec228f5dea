#include "aggregator/watch_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "agent/sys/mutex.h"
#include "tests/aggregator/fleet_fixture.h"
#include "tests/aggregator/relay.h"
#include "tests/support/wait.h"

namespace listenq::aggregator {
namespace {

using ::testing::HasSubstr;

// Reads a watch on a thread of its own.
class Watcher {
 public:
  explicit Watcher(v1::Observer::Stub& stub) : reader_(stub.WatchDrops(&context_, {})) {
    thread_ = std::thread([this] { Run(); });
  }
  ~Watcher() {
    context_.TryCancel();
    thread_.join();
  }
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // The last state of this node that came; UNSPECIFIED before.
  v1::NodeStatus StatusOf(const std::string& node) {
    const sys::MutexLock lock(mutex_);
    return statuses_[node];
  }
  bool AwaitState(const std::string& node, v1::NodeState state) {
    return test::WaitUntil([&] { return StatusOf(node).state() == state; });
  }
  int EventsOf(const std::string& node) {
    const sys::MutexLock lock(mutex_);
    return events_[node];
  }
  int StatusCount() {
    const sys::MutexLock lock(mutex_);
    return status_count_;
  }
  // Once the stream has ended.
  grpc::Status AwaitEnd() {
    EXPECT_TRUE(test::WaitUntil([this] {
      const sys::MutexLock lock(mutex_);
      return ended_;
    }));
    const sys::MutexLock lock(mutex_);
    return end_;
  }

 private:
  void Run() {
    v1::WatchDropsResponse response;
    while (reader_->Read(&response)) {
      const sys::MutexLock lock(mutex_);
      if (response.has_event()) ++events_[response.event().node_name()];
      if (response.has_node_status()) {
        ++status_count_;
        statuses_[response.node_status().node_name()] = response.node_status();
      }
    }
    const grpc::Status end = reader_->Finish();
    const sys::MutexLock lock(mutex_);
    end_ = end;
    ended_ = true;
  }

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchDropsResponse>> reader_;
  std::thread thread_;
  sys::Mutex mutex_;
  std::map<std::string, v1::NodeStatus> statuses_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> events_ ABSL_GUARDED_BY(mutex_);
  int status_count_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status end_ ABSL_GUARDED_BY(mutex_);
};

class WatchCallTest : public FleetTest {
 protected:
  static void Drop(Node& node) {
    const model::Namespace ns = WithQueues({1});
    node.view.Recorder().AddDrops(serve::testing::MakeDropEvent(ns, 1, serve::testing::kNow));
  }
};

TEST_F(WatchCallTest, EventsOfAllNodesCome) {
  Node& a = AddNode("a", {WithQueues({1})});
  Node& b = AddNode("b", {WithQueues({1})});
  Start();
  Watcher watcher(*stub_);
  ASSERT_TRUE(watcher.AwaitState("a", v1::NODE_STATE_OK));
  ASSERT_TRUE(watcher.AwaitState("b", v1::NODE_STATE_OK));
  Drop(a);
  Drop(b);
  Drop(b);
  EXPECT_TRUE(test::WaitUntil([&] { return watcher.EventsOf("a") == 1 && watcher.EventsOf("b") == 2; }));
}

TEST_F(WatchCallTest, APeerThatIsAwayIsOneRowAndComesBack) {
  Node& a = AddNode("a", {WithQueues({1})});
  AddNode("b", {});
  Start();
  v1::ListNodesResponse nodes;
  ASSERT_TRUE(stub_->ListNodes(NewContext().get(), {}, &nodes).ok());
  Watcher watcher(*stub_);
  ASSERT_TRUE(watcher.AwaitState("a", v1::NODE_STATE_OK));
  ASSERT_TRUE(watcher.AwaitState("b", v1::NODE_STATE_OK));
  const int before = watcher.StatusCount();
  a.Stop();
  ASSERT_TRUE(watcher.AwaitState("a", v1::NODE_STATE_UNAVAILABLE));
  EXPECT_THAT(watcher.StatusOf("a").message(), HasSubstr("unreachable"));
  a.Start();
  ASSERT_TRUE(watcher.AwaitState("a", v1::NODE_STATE_OK));
  EXPECT_EQ(watcher.StatusCount(), before + 2) << "tries in vain are not told each";
  Drop(a);
  EXPECT_TRUE(test::WaitUntil([&] { return watcher.EventsOf("a") == 1; }));
}

TEST_F(WatchCallTest, ASilentPeerIsARowAndHoldsNobody) {
  peer_timeout_ = absl::Seconds(2);
  Node& a = AddNode("a", {WithQueues({1})});
  AddFake("silent").hang = true;
  Start();
  Watcher watcher(*stub_);
  ASSERT_TRUE(watcher.AwaitState("a", v1::NODE_STATE_OK));
  ASSERT_TRUE(watcher.AwaitState(Address("silent"), v1::NODE_STATE_UNAVAILABLE));
  EXPECT_EQ(watcher.StatusOf(Address("silent")).message(), "deadline exceeded: no answer for 2s");
  Drop(a);
  EXPECT_TRUE(test::WaitUntil([&] { return watcher.EventsOf("a") == 1; }));
}

// Its connections stay, and so does the stream: only questions tell that from a node without drops.
TEST_F(WatchCallTest, APeerThatHangsInMidStreamIsARowAndComesBack) {
  peer_timeout_ = absl::Milliseconds(500);
  Node& a = AddNode("a", {WithQueues({1})});
  AddNode("b", {WithQueues({1})});
  test::Relay relay(folder_.Path("relay.sock"), folder_.Path("a.sock"));
  addresses_.front() = Address("relay");
  Start();
  v1::ListNodesResponse nodes;
  ASSERT_TRUE(stub_->ListNodes(NewContext().get(), {}, &nodes).ok()) << "it learns their names";
  Watcher watcher(*stub_);
  ASSERT_TRUE(watcher.AwaitState("a", v1::NODE_STATE_OK));
  ASSERT_TRUE(watcher.AwaitState("b", v1::NODE_STATE_OK));
  const int before = watcher.StatusCount();
  relay.hangs = true;
  ASSERT_TRUE(watcher.AwaitState("a", v1::NODE_STATE_UNAVAILABLE));
  EXPECT_EQ(watcher.StatusOf("a").message(), "deadline exceeded: no answer for 1s");
  EXPECT_EQ(watcher.StatusOf("b").state(), v1::NODE_STATE_OK) << "quiet it is, and not more";
  relay.hangs = false;
  ASSERT_TRUE(watcher.AwaitState("a", v1::NODE_STATE_OK));
  EXPECT_EQ(watcher.StatusCount(), before + 2);
  Drop(a);
  EXPECT_TRUE(test::WaitUntil([&] { return watcher.EventsOf("a") == 1; }));
}

TEST_F(WatchCallTest, WhoAnswersForAnotherNodeIsRefused) {
  v1::WatchDropsResponse lie;
  lie.mutable_node_status()->set_node_name("a");
  lie.mutable_node_status()->set_state(v1::NODE_STATE_OK);
  AddFake("liar").watch_responses = {lie};
  StartWithFile(absl::StrCat(Address("liar"), " b\n"));
  Watcher watcher(*stub_);
  ASSERT_TRUE(watcher.AwaitState("b", v1::NODE_STATE_UNAVAILABLE));
  EXPECT_THAT(watcher.StatusOf("b").message(), HasSubstr("answers for node \"a\""));
  EXPECT_EQ(watcher.StatusOf("a").state(), v1::NODE_STATE_UNSPECIFIED);
}

// Their ends come on several threads at once.
TEST_F(WatchCallTest, ManyPeersEndTogetherWhereTheCallerLeaves) {
  for (int i = 0; i < 30; ++i) AddFake(absl::StrCat("f", i)).hang = true;
  for (int i = 0; i < 30; ++i) AddNobody(absl::StrCat("none", i));
  Start();
  for (int i = 0; i < 30; ++i) {
    Watcher watcher(*stub_);
    ASSERT_TRUE(test::WaitUntil([&] { return watcher.StatusCount() >= 30; }));
  }
  v1::ListNodesResponse response;
  EXPECT_TRUE(stub_->ListNodes(NewContext().get(), {}, &response).ok()) << "it lives";
}

TEST_F(WatchCallTest, EndsWithTheServer) {
  AddNode("a", {WithQueues({1})});
  AddNobody("none");
  Start();
  Watcher watcher(*stub_);
  ASSERT_TRUE(watcher.AwaitState("a", v1::NODE_STATE_OK));
  server_->Stop(test::kPatience);
  EXPECT_EQ(watcher.AwaitEnd().error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace listenq::aggregator
