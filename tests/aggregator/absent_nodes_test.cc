// Nodes that should answer and have no peer, in every answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "aggregator/observer_service.h"
#include "aggregator/peers/peer_set.h"
#include "tests/aggregator/fleet_fixture.h"
#include "tests/fakes/fake_source.h"
#include "tests/support/wait.h"

namespace listenq::aggregator {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr char kReason[] = "pod listenq-x is Pending: ImagePullBackOff";

class AbsentNodesTest : public FleetTest {
 protected:
  // A node that answers, unless it is to be `alone`, and one that has no peer.
  void Serve(bool alone = false) {
    PeerList list = {.absent = {{.node_name = "node-b", .reason = kReason}}, .size_unknown = true};
    if (!alone) {
      AddNode("node-a", {WithQueues({7})});
      list.peers = {{.address = *base::ParseServerAddress(Address("node-a")), .node_name = "node-a"}};
    }
    words_->Say(list);
    auto set = PeerSet::Make(std::make_unique<fakes::FakeSource>(words_), &ticker_);
    ASSERT_TRUE(set.ok()) << set.status();
    set_ = *std::move(set);
    ASSERT_TRUE(test::WaitUntil([&] { return set_->Current()->trouble.empty(); }));
    service_ = std::make_unique<ObserverService>(set_.get(), &ticker_, peer_timeout_);
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    absent_server_ = builder.BuildAndStart();
    stub_ = v1::Observer::NewStub(absent_server_->InProcessChannel(grpc::ChannelArguments()));
  }
  ~AbsentNodesTest() override {
    stub_.reset();
    if (absent_server_ == nullptr) return;
    service_->EndWatches();
    absent_server_->Shutdown();
    absent_server_->Wait();
  }
  static void ExpectCounted(const v1::Summary& summary, uint32_t answered) {
    EXPECT_EQ(summary.nodes_expected(), answered + 1);
    EXPECT_EQ(summary.nodes_answered(), answered);
    EXPECT_TRUE(summary.fleet_size_unknown());
  }

  const std::shared_ptr<fakes::FakeWords> words_ = std::make_shared<fakes::FakeWords>();
  Ticker ticker_;
  std::unique_ptr<PeerSet> set_;
  std::unique_ptr<ObserverService> service_;
  std::unique_ptr<grpc::Server> absent_server_;
};

TEST_F(AbsentNodesTest, AreRowsOfAStream) {
  Serve();
  const auto [messages, status] = ListListeners();
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(RowsIn(messages), ElementsAre("node-a:1"));
  const auto statuses = StatusesOf(messages);
  ASSERT_THAT(statuses, SizeIs(2));
  EXPECT_EQ(statuses.at("node-b").state(), v1::NODE_STATE_UNAVAILABLE);
  EXPECT_EQ(statuses.at("node-b").message(), kReason);
  ExpectCounted(messages.back().summary(), 1);
}

TEST_F(AbsentNodesTest, AreRowsAlsoWhereNobodyElseIs) {
  Serve(/*alone=*/true);
  const auto [messages, status] = ListListeners();
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(StatusesOf(messages).at("node-b").message(), kReason);
  ExpectCounted(messages.back().summary(), 0);
}

TEST_F(AbsentNodesTest, AreNodes) {
  Serve();
  v1::ListNodesResponse response;
  ASSERT_TRUE(stub_->ListNodes(NewContext().get(), {}, &response).ok());
  std::vector<std::string> nodes;
  for (const auto& node : response.nodes()) {
    nodes.push_back(absl::StrCat(node.status().node_name(), ": ", node.status().message()));
  }
  EXPECT_THAT(nodes, UnorderedElementsAre("node-a: ", absl::StrCat("node-b: ", kReason)));
  EXPECT_EQ(response.summary().rows_returned(), 2U);
  ExpectCounted(response.summary(), 1);
}

TEST_F(AbsentNodesTest, AreNodesAlsoWhereNobodyElseIs) {
  Serve(/*alone=*/true);
  v1::ListNodesResponse response;
  ASSERT_TRUE(stub_->ListNodes(NewContext().get(), {}, &response).ok());
  ASSERT_THAT(response.nodes(), SizeIs(1));
  EXPECT_EQ(response.nodes(0).status().message(), kReason);
  ExpectCounted(response.summary(), 0);
}

TEST_F(AbsentNodesTest, AreCountedInASummaryOfSysctls) {
  Serve();
  v1::SummarizeSysctlsResponse response;
  ASSERT_TRUE(stub_->SummarizeSysctls(NewContext().get(), {}, &response).ok());
  ASSERT_THAT(response.node_statuses(), SizeIs(2));
  EXPECT_EQ(response.node_statuses(0).message(), kReason);
  ExpectCounted(response.summary(), 1);
}

TEST_F(AbsentNodesTest, AreCountedInASummaryOfConnections) {
  Serve();
  v1::SummarizeConnectionsResponse response;
  const grpc::Status status = stub_->SummarizeConnections(NewContext().get(), {}, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(response.summary().fleet_size_unknown());
  EXPECT_EQ(response.node_statuses(0).message(), kReason);
}

TEST_F(AbsentNodesTest, AreSaidBeforeTheDropsThatComeLive) {
  Serve();
  const auto context = NewContext();
  const auto reader = stub_->WatchDrops(context.get(), {});
  v1::WatchDropsResponse message;
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.node_status().node_name(), "node-b");
  EXPECT_EQ(message.node_status().message(), kReason);
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_EQ(message.node_status().node_name(), "node-a");
  context->TryCancel();
  while (reader->Read(&message)) continue;
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(AbsentNodesTest, AnUnknownSizeIsPassedOnByAnAggregatorAbove) {
  v1::ListListenersResponse end;
  end.mutable_summary()->set_nodes_expected(3);
  end.mutable_summary()->set_fleet_size_unknown(true);
  AddFake("below").listeners_responses = {end};
  Start();
  const auto [messages, status] = ListListeners();
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(messages.back().summary().fleet_size_unknown());
}

}  // namespace
}  // namespace listenq::aggregator
