// Answers in one message, made of a fleet's.
#include "aggregator/gather_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/aggregator/fleet_fixture.h"

namespace listenq::aggregator {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class GatherCallTest : public FleetTest {
 protected:
  static model::Namespace WithSomaxconn(const std::string& value) {
    model::Namespace ns =
        serve::testing::MakeNamespace(1, {serve::testing::PodOwner("shop", "web", "nginx", 'a')});
    ns.sysctls = serve::testing::MakeSysctls({{"net.core.somaxconn", value}});
    return ns;
  }
};

TEST_F(GatherCallTest, NodesSideBySideAndTheSilentOneToo) {
  AddNode("a", {WithQueues({1})});
  AddNobody("none");
  AddNode("b", {WithQueues({1, 2})});
  Start();
  v1::ListNodesResponse response;
  ASSERT_TRUE(stub_->ListNodes(NewContext().get(), {}, &response).ok());
  ASSERT_THAT(response.nodes(), SizeIs(3));
  EXPECT_EQ(response.nodes(0).status().node_name(), "a");
  EXPECT_EQ(response.nodes(1).status().node_name(), Address("none"));
  EXPECT_EQ(response.nodes(1).status().state(), v1::NODE_STATE_UNAVAILABLE);
  EXPECT_FALSE(response.nodes(1).has_listener_count());
  EXPECT_EQ(response.nodes(2).listener_count(), 2u);
  EXPECT_EQ(response.summary().nodes_expected(), 3u);
  EXPECT_EQ(response.summary().nodes_answered(), 2u);
  EXPECT_EQ(response.summary().rows_returned(), 3u);
}

TEST_F(GatherCallTest, SysctlsAreCountedOverAllNodes) {
  AddNode("a", {WithSomaxconn("4096")});
  AddNode("b", {WithSomaxconn("128")});
  AddNode("c", {WithSomaxconn("4096")});
  Start();
  v1::SummarizeSysctlsRequest request;
  request.add_names("net.core.somaxconn");
  v1::SummarizeSysctlsResponse response;
  ASSERT_TRUE(stub_->SummarizeSysctls(NewContext().get(), request, &response).ok());
  ASSERT_THAT(response.sysctls(), SizeIs(1));
  ASSERT_THAT(response.sysctls(0).values(), SizeIs(2));
  const v1::SysctlValueCount& most = response.sysctls(0).values(0);
  EXPECT_EQ(most.value(), "4096");
  EXPECT_EQ(most.namespace_count(), 2u);
  ASSERT_THAT(most.samples(), SizeIs(2));
  EXPECT_EQ(most.samples(0).node_name(), "a");
  EXPECT_EQ(most.samples(1).node_name(), "c");
  EXPECT_EQ(response.sysctls(0).values(1).value(), "128");
  EXPECT_THAT(response.node_statuses(), SizeIs(3));
  EXPECT_EQ(response.summary().nodes_answered(), 3u);
}

TEST_F(GatherCallTest, SamplesAreOfAsManyNodesAsTheyMay) {
  for (const char* name : {"a", "b", "c"}) AddNode(name, {WithSomaxconn("128"), WithSomaxconn("128")});
  Start();
  v1::SummarizeSysctlsRequest request;
  request.add_names("net.core.somaxconn");
  request.set_max_samples(3);
  v1::SummarizeSysctlsResponse response;
  ASSERT_TRUE(stub_->SummarizeSysctls(NewContext().get(), request, &response).ok());
  std::vector<std::string> nodes;
  for (const auto& sample : response.sysctls(0).values(0).samples()) nodes.push_back(sample.node_name());
  EXPECT_THAT(nodes, ElementsAre("a", "b", "c"));
  EXPECT_EQ(response.sysctls(0).values(0).namespace_count(), 6u);
}

TEST_F(GatherCallTest, AWrongNameIsTheCallsEnd) {
  AddNode("a", {WithSomaxconn("128")});
  Start();
  v1::SummarizeSysctlsRequest request;
  request.add_names("net.core.somaxcon");
  v1::SummarizeSysctlsResponse response;
  const grpc::Status status = stub_->SummarizeSysctls(NewContext().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(GatherCallTest, ConnectionsSideBySide) {
  for (const char* name : {"a", "b"}) {
    v1::SummarizeConnectionsResponse& answer = AddFake(name).connections_response;
    answer.add_connections()->set_node_name(name);
    answer.add_node_statuses()->set_node_name(name);
    answer.mutable_summary()->set_nodes_expected(1);
    answer.mutable_summary()->set_nodes_answered(1);
    answer.mutable_summary()->set_rows_returned(1);
  }
  fakes_[1]->connections_response.mutable_summary()->set_truncated(true);
  Start();
  v1::SummarizeConnectionsResponse response;
  ASSERT_TRUE(stub_->SummarizeConnections(NewContext().get(), {}, &response).ok());
  ASSERT_THAT(response.connections(), SizeIs(2));
  EXPECT_EQ(response.connections(1).node_name(), "b");
  EXPECT_TRUE(response.summary().truncated());
  EXPECT_EQ(response.summary().rows_returned(), 2u);
}

TEST_F(GatherCallTest, ASilentPeerIsARow) {
  peer_timeout_ = absl::Seconds(2);
  AddNode("a", {WithSomaxconn("128")});
  AddFake("silent").hang = true;
  Start();
  v1::SummarizeSysctlsResponse response;
  ASSERT_TRUE(stub_->SummarizeSysctls(NewContext().get(), {}, &response).ok());
  ASSERT_THAT(response.node_statuses(), SizeIs(2));
  EXPECT_EQ(response.node_statuses(1).message(), "deadline exceeded: no answer for 2s");
}

TEST_F(GatherCallTest, WithoutPeersNobodyCanAnswer) {
  StartWithFile("# nobody yet\n");
  v1::ListNodesResponse response;
  const grpc::Status status = stub_->ListNodes(NewContext().get(), {}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the aggregator has no peers: its list is empty");
}

}  // namespace
}  // namespace listenq::aggregator
