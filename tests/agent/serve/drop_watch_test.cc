#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/agent/serve/serving_view.h"

namespace listenq::serve {
namespace {

using testing::kNow;
using testing::MakeDropEvent;
using testing::MakeNamespace;
using testing::MakeSnapshot;
using testing::PodOwner;

class WatchDrops : public testing::Serving {
 protected:
  WatchDrops() : web_(MakeNamespace(1, {PodOwner("shop", "web", "nginx", 'a')})) {
    view_.Publish(MakeSnapshot({web_}));
  }

  // Begins a watch; when it returns, the server knows the watcher.
  void Watch(const v1::WatchDropsRequest& request = {}) {
    context_ = NewContext();
    reader_ = stub_->WatchDrops(context_.get(), request);
    v1::WatchDropsResponse first;
    ASSERT_TRUE(reader_->Read(&first));
    ASSERT_TRUE(first.has_node_status());
    EXPECT_EQ(first.node_status().state(), v1::NODE_STATE_OK);
  }
  void Drop(uint16_t port, absl::Time end = kNow) {
    view_.Recorder().AddDrops(MakeDropEvent(web_, port, end));
  }
  v1::DropEvent Next() {
    v1::WatchDropsResponse message;
    EXPECT_TRUE(reader_->Read(&message));
    return message.event();
  }

  model::Namespace web_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchDropsResponse>> reader_;
};

TEST_F(WatchDrops, SendsEachEventInOrder) {
  Start();
  Watch();
  for (int i = 0; i < 20; ++i) Drop(static_cast<uint16_t>(8000 + i), kNow + absl::Seconds(i));
  for (uint32_t i = 0; i < 20; ++i) {
    const v1::DropEvent event = Next();
    EXPECT_EQ(event.shares(0).local_port(), 8000 + i);
    EXPECT_EQ(event.node_name(), "node-1");
    EXPECT_EQ(event.episode_id(), 1u);
    EXPECT_EQ(event.owners(0).pod(), "web");
    EXPECT_EQ(event.missed_events(), 0u);
  }
  context_->TryCancel();
  EXPECT_EQ(reader_->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(WatchDrops, SendsOnlyWhatTheFilterTakes) {
  Start();
  v1::WatchDropsRequest request;
  request.mutable_filter()->add_ports(81);
  Watch(request);
  Drop(80);
  Drop(81);
  EXPECT_EQ(Next().shares(0).local_port(), 81u);
}

TEST_F(WatchDrops, ShutdownEndsItWithAReason) {
  Start();
  Watch();
  server_->Stop(absl::Seconds(10));
  v1::WatchDropsResponse message;
  EXPECT_FALSE(reader_->Read(&message));
  const grpc::Status status = reader_->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the agent is shutting down");
}

TEST_F(WatchDrops, OthersGoOnWhenOneCancels) {
  Start();
  Watch();
  auto gone_context = std::move(context_);
  auto gone = std::move(reader_);
  Watch();
  gone_context->TryCancel();
  EXPECT_EQ(gone->Finish().error_code(), grpc::StatusCode::CANCELLED);
  for (int i = 0; i < 5; ++i) {
    Drop(80, kNow + absl::Seconds(i));
    EXPECT_EQ(Next().shares(0).local_port(), 80u);
  }
}

TEST_F(WatchDrops, SlowReaderIsToldWhatItMissed) {
  constexpr uint64_t kEvents = 1200;
  // Large events, so that the transport's own buffers hold few.
  model::Owner owner = PodOwner("shop", "web", "nginx", 'a');
  owner.image = std::string(40000, 'x');
  web_ = MakeNamespace(1, {owner});
  Start();
  Watch();
  for (uint64_t i = 0; i < kEvents; ++i) Drop(80, kNow + absl::Seconds(i));
  Drop(81, kNow + absl::Seconds(kEvents));
  uint64_t received = 0;
  uint64_t missed = 0;
  while (true) {
    const v1::DropEvent event = Next();
    missed += event.missed_events();
    ++received;
    if (!event.has_netns() || event.shares(0).local_port() == 81) break;
  }
  EXPECT_EQ(received + missed, kEvents + 1);
  EXPECT_GT(missed, 0u);
  EXPECT_GE(received, 256u);
}

TEST_F(WatchDrops, SkewSendsAStatusAndEnds) {
  Start();
  v1::WatchDropsRequest request;
  request.set_min_api_minor(99);
  const auto context = NewContext();
  const auto reader = stub_->WatchDrops(context.get(), request);
  const auto result = testing::ReadAll(*reader);
  EXPECT_TRUE(result.status.ok());
  ASSERT_EQ(result.messages.size(), 1u);
  EXPECT_EQ(result.messages[0].node_status().state(), v1::NODE_STATE_VERSION_SKEW);
}

TEST_F(WatchDrops, BadFilterIsRefused) {
  Start();
  v1::WatchDropsRequest request;
  request.mutable_filter()->add_ports(0);
  const auto context = NewContext();
  const auto reader = stub_->WatchDrops(context.get(), request);
  EXPECT_EQ(testing::ReadAll(*reader).status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

// Events, new watchers, cancels and the shutdown all at once: for the sanitizers.
TEST_F(WatchDrops, ManyComeAndGoUntilTheShutdown) {
  Start();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([this] {
      for (int round = 0; round < 20; ++round) {
        const auto context = NewContext();
        context->set_wait_for_ready(false);
        const auto reader = stub_->WatchDrops(context.get(), {});
        v1::WatchDropsResponse message;
        reader->Read(&message);
        context->TryCancel();
        reader->Finish();
      }
    });
  }
  for (int i = 0; i < 500; ++i) Drop(80, kNow + absl::Seconds(i));
  server_->Stop(absl::Seconds(10));
  for (std::thread& thread : threads) thread.join();
  Drop(80, kNow + absl::Hours(1));
}

}  // namespace
}  // namespace listenq::serve
