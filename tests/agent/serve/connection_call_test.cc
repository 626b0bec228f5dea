#include "agent/serve/connection_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "agent/serve/connection_summary.h"
#include "agent/sys/mutex.h"
#include "tests/agent/serve/serving_view.h"
#include "tests/support/wait.h"

namespace listenq::serve {
namespace {

using ::testing::HasSubstr;
using testing::MakeNamespace;
using testing::MakeSnapshot;
using testing::PodOwner;
using ::testing::SizeIs;

// Keeps orders until the test takes them.
class HeldWalks final : public ConnectionWalks {
 public:
  absl::Status Start(WalkOrder order) override {
    const sys::MutexLock lock(mutex_);
    ++started_;
    if (!refusal_.ok()) return refusal_;
    orders_.push_back(std::move(order));
    changed_.notify_all();
    return absl::OkStatus();
  }
  void Refuse(const absl::Status& status) {
    const sys::MutexLock lock(mutex_);
    refusal_ = status;
  }
  WalkOrder Take() {
    sys::MutexLock lock(mutex_);
    while (orders_.empty()) lock.Wait(changed_);
    WalkOrder order = std::move(orders_.front());
    orders_.pop_front();
    return order;
  }
  int started() {
    const sys::MutexLock lock(mutex_);
    return started_;
  }

 private:
  sys::Mutex mutex_;
  std::condition_variable changed_;
  std::deque<WalkOrder> orders_ ABSL_GUARDED_BY(mutex_);
  absl::Status refusal_ ABSL_GUARDED_BY(mutex_);
  int started_ ABSL_GUARDED_BY(mutex_) = 0;
};

// One call in a thread of its own.
class Caller {
 public:
  Caller(v1::Observer::Stub& stub, std::unique_ptr<grpc::ClientContext> context,
         v1::SummarizeConnectionsRequest request = {})
      : context_(std::move(context)), request_(std::move(request)), thread_([this, &stub] {
          status_ = stub.SummarizeConnections(context_.get(), request_, &response_);
        }) {}
  ~Caller() { Join(); }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  void Cancel() { context_->TryCancel(); }
  // Once the call is over.
  const grpc::Status& status() {
    Join();
    return status_;
  }
  const v1::SummarizeConnectionsResponse& response() {
    Join();
    return response_;
  }

 private:
  void Join() {
    if (thread_.joinable()) thread_.join();
  }

  const std::unique_ptr<grpc::ClientContext> context_;
  const v1::SummarizeConnectionsRequest request_;
  v1::SummarizeConnectionsResponse response_;
  grpc::Status status_;
  std::thread thread_;
};

class ConnectionCallTest : public testing::Serving {
 protected:
  ConnectionCallTest() { walks_ = &held_; }

  void StartWith(size_t namespaces) {
    std::vector<model::Namespace> all;
    for (size_t i = 1; i <= namespaces; ++i) {
      all.push_back(MakeNamespace(i, {PodOwner("shop", "web", "nginx", 'a')}));
    }
    view_.Publish(MakeSnapshot(std::move(all)));
    Start();
  }
  grpc::Status CallNow(const v1::SummarizeConnectionsRequest& request,
                       v1::SummarizeConnectionsResponse* response) {
    return stub_->SummarizeConnections(NewContext().get(), request, response);
  }
  static WalkResults Established(uint64_t count) {
    model::ConnectionCounts counts;
    counts.by_state[static_cast<size_t>(model::TcpState::kEstablished)] = count;
    return {counts};
  }

  HeldWalks held_;
};

TEST_F(ConnectionCallTest, AnswersWhenTheWalkIsDone) {
  StartWith(1);
  Caller caller(*stub_, NewContext());
  const WalkOrder order = held_.Take();
  ASSERT_THAT(order.subjects, SizeIs(1));
  EXPECT_EQ(order.subjects[0].serial, 1u);
  EXPECT_FALSE(order.cancelled());
  // The walk holds up nobody else.
  v1::ListNodesResponse nodes;
  EXPECT_TRUE(stub_->ListNodes(NewContext().get(), {}, &nodes).ok());
  order.done(Established(7));
  EXPECT_TRUE(caller.status().ok()) << caller.status().error_message();
  ASSERT_EQ(caller.response().connections_size(), 1);
  EXPECT_EQ(caller.response().connections(0).by_state().at("ESTABLISHED"), 7u);
}

TEST_F(ConnectionCallTest, TheAnswerIsOfTheSnapshotThatWasAskedFor) {
  StartWith(1);
  Caller caller(*stub_, NewContext());
  const WalkOrder order = held_.Take();
  view_.Publish(MakeSnapshot({}));
  order.done(Established(7));
  ASSERT_EQ(caller.response().connections_size(), 1);
  EXPECT_EQ(caller.response().connections(0).owners(0).pod(), "web");
}

TEST_F(ConnectionCallTest, WhoNamesAPodHeatsIt) {
  StartWith(1);
  v1::SummarizeConnectionsRequest request;
  request.mutable_filter()->add_pods("web");
  Caller caller(*stub_, NewContext(), request);
  held_.Take().done(Established(1));
  EXPECT_TRUE(caller.status().ok());
  EXPECT_THAT(view_.heated(), ::testing::ElementsAre(1u));
}

TEST_F(ConnectionCallTest, WhatTheWalksSayEndsTheCall) {
  StartWith(1);
  Caller caller(*stub_, NewContext());
  held_.Take().done(absl::UnavailableError("the agent is shutting down"));
  EXPECT_EQ(caller.status().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(caller.status().error_message(), "the agent is shutting down");
}

TEST_F(ConnectionCallTest, TooManyAreRefused) {
  held_.Refuse(absl::ResourceExhaustedError("too many"));
  StartWith(1);
  v1::SummarizeConnectionsResponse response;
  const grpc::Status status = CallNow({}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "too many");
}

TEST_F(ConnectionCallTest, WhoCancelsEndsTheWalk) {
  StartWith(1);
  Caller caller(*stub_, NewContext());
  const WalkOrder order = held_.Take();
  caller.Cancel();
  EXPECT_EQ(caller.status().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(test::WaitUntil([&] { return order.cancelled(); }));
  order.done(absl::CancelledError("the caller cancelled"));
}

TEST_F(ConnectionCallTest, StopWaitsForTheEndOfTheWalk) {
  StartWith(1);
  Caller caller(*stub_, NewContext());
  WalkOrder order = held_.Take();
  std::atomic<bool> stopped = false;
  std::thread stop([&] {
    server_->Stop(absl::ZeroDuration());
    stopped = true;
  });
  EXPECT_TRUE(test::WaitUntil([&] { return order.cancelled(); }));
  EXPECT_FALSE(stopped.load());
  order.done(absl::CancelledError("the caller cancelled"));
  stop.join();
  server_.reset();
  EXPECT_FALSE(caller.status().ok());
  // The walk may let go of its order when the server is gone.
  order = WalkOrder();
}

TEST_F(ConnectionCallTest, BadRequestsStartNothing) {
  StartWith(kMaxWalked + 1);
  v1::SummarizeConnectionsResponse response;
  const grpc::Status too_wide = CallNow({}, &response);
  EXPECT_EQ(too_wide.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(too_wide.error_message(), HasSubstr("the filter selects 65 network namespaces"));
  v1::SummarizeConnectionsRequest request;
  request.mutable_filter()->add_netns_inodes(4026530001u);
  request.mutable_time_limit()->set_seconds(-1);
  EXPECT_EQ(CallNow(request, &response).error_message(), "read time_limit: -1s is not a time above 0");
  request.mutable_filter()->add_ports(70000);
  EXPECT_EQ(CallNow(request, &response).error_message(),
            "read filter.ports: 70000 is not a port from 1 to 65535");
  EXPECT_EQ(held_.started(), 0);
}

TEST_F(ConnectionCallTest, VersionSkewStartsNothing) {
  StartWith(1);
  v1::SummarizeConnectionsRequest request;
  request.set_min_api_minor(1000);
  v1::SummarizeConnectionsResponse response;
  EXPECT_TRUE(CallNow(request, &response).ok());
  EXPECT_EQ(response.node_statuses(0).state(), v1::NODE_STATE_VERSION_SKEW);
  EXPECT_EQ(response.summary().nodes_answered(), 0u);
  EXPECT_EQ(held_.started(), 0);
}

}  // namespace
}  // namespace listenq::serve
