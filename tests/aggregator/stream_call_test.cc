// Streamed answers of a fleet: what each kind of peer costs, and whom.
#include "aggregator/stream_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <thread>

#include "agent/sys/unique_fd.h"
#include "tests/aggregator/fleet_fixture.h"
#include "tests/support/wait.h"

namespace listenq::aggregator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

class StreamCallTest : public FleetTest {
 protected:
  // One row of a node by this name, as a fake sends it.
  static v1::ListListenersResponse BatchOf(const std::string& node, uint32_t port) {
    v1::ListListenersResponse response;
    response.mutable_batch()->set_node_name(node);
    response.mutable_batch()->add_listeners()->set_local_port(port);
    return response;
  }
  static v1::ListListenersResponse StatusMessage(const std::string& node) {
    v1::ListListenersResponse response;
    response.mutable_node_status()->set_node_name(node);
    response.mutable_node_status()->set_state(v1::NODE_STATE_OK);
    return response;
  }
  static v1::ListListenersResponse SummaryMessage() {
    v1::ListListenersResponse response;
    response.mutable_summary()->set_nodes_expected(1);
    response.mutable_summary()->set_nodes_answered(1);
    response.mutable_summary()->set_rows_matched(1);
    return response;
  }
};

TEST_F(StreamCallTest, AnswersForAllNodes) {
  AddNode("a", {WithQueues(std::vector<uint32_t>(600, 0))});
  AddNode("b", {WithQueues(std::vector<uint32_t>(300, 0))});
  AddNode("c", {});
  Start();
  const auto result = ListListeners();
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  EXPECT_THAT(RowsIn(result.messages), SizeIs(900));
  const auto statuses = StatusesOf(result.messages);
  EXPECT_THAT(statuses, SizeIs(3));
  EXPECT_EQ(statuses.at("c").state(), v1::NODE_STATE_OK);
  const v1::Summary& summary = result.messages.back().summary();
  EXPECT_EQ(summary.rows_matched(), 900u);
  EXPECT_EQ(summary.rows_returned(), 900u);
  EXPECT_EQ(summary.namespaces_examined(), 2u);
  EXPECT_EQ(summary.listeners_examined(), 900u);
  EXPECT_EQ(summary.nodes_expected(), 3u);
  EXPECT_EQ(summary.nodes_answered(), 3u);
}

TEST_F(StreamCallTest, ALimitIsAcrossNodesInOrder) {
  AddNode("a", {WithQueues({5, 100, 7})});
  AddNode("b", {WithQueues({50, 200, 6})});
  Start();
  v1::ListListenersRequest request;
  request.set_order_by(v1::LISTENER_ORDER_QUEUE);
  request.set_limit(4);
  const auto result = ListListeners(request);
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  EXPECT_THAT(RowsIn(result.messages), ElementsAre("b:2", "a:2", "b:1", "a:3"));
  EXPECT_EQ(result.messages.back().summary().rows_matched(), 6u);
  EXPECT_EQ(result.messages.back().summary().rows_returned(), 4u);
}

TEST_F(StreamCallTest, TheFilterIsExecutedByThePeers) {
  AddNode("a", {WithQueues({5, 900})});
  AddNode("b", {WithQueues({50, 20})});
  Start();
  v1::ListListenersRequest request;
  request.mutable_filter()->set_min_fill_percent(5);
  EXPECT_THAT(RowsIn(ListListeners(request).messages), UnorderedElementsAre("a:2", "b:1"));
}

TEST_F(StreamCallTest, NobodyThereIsARow) {
  AddNode("a", {WithQueues({1})});
  AddNobody("none");
  Start();
  const auto result = ListListeners();
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  EXPECT_THAT(RowsIn(result.messages), ElementsAre("a:1"));
  const v1::NodeStatus status = StatusesOf(result.messages)[Address("none")];
  EXPECT_EQ(status.state(), v1::NODE_STATE_UNAVAILABLE);
  EXPECT_THAT(status.message(), StartsWith("unreachable: unix:"));
  EXPECT_THAT(status.message(), HasSubstr("No such file"));
  EXPECT_EQ(result.messages.back().summary().nodes_expected(), 2u);
  EXPECT_EQ(result.messages.back().summary().nodes_answered(), 1u);
}

TEST_F(StreamCallTest, WhoAnsweredBeforeIsMissedByTheNameOfItsNode) {
  Node& node = AddNode("a", {WithQueues({1})});
  AddNode("b", {});
  Start();
  ASSERT_TRUE(ListListeners().status.ok());
  node.Stop();
  const auto result = ListListeners();
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  EXPECT_EQ(StatusesOf(result.messages)["a"].state(), v1::NODE_STATE_UNAVAILABLE);
}

TEST_F(StreamCallTest, ASilentPeerCostsItsOwnRowsAlone) {
  peer_timeout_ = absl::Seconds(2);
  AddNode("a", {WithQueues({1})});
  AddFake("silent").hang = true;
  Start();
  const auto result = ListListeners();
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  EXPECT_THAT(RowsIn(result.messages), ElementsAre("a:1"));
  EXPECT_EQ(StatusesOf(result.messages)[Address("silent")].message(), "deadline exceeded: no answer for 2s");
}

TEST_F(StreamCallTest, ThePeersDeadlineIsBeforeTheCallers) {
  AddNode("a", {WithQueues({1})});
  AddFake("silent").hang = true;
  Start();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(4));
  const auto reader = stub_->ListListeners(&context, {});
  const auto result = serve::testing::ReadAll(*reader);
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  EXPECT_THAT(StatusesOf(result.messages)[Address("silent")].message(), StartsWith("deadline exceeded"));
}

TEST_F(StreamCallTest, APeerThatBreaksOffIsARow) {
  AddNode("a", {WithQueues({1})});
  fakes::FakeObserver& fake = AddFake("broken");
  fake.listeners_responses = {BatchOf("broken", 7), StatusMessage("broken")};
  fake.end = grpc::Status(grpc::StatusCode::INTERNAL, "out of order");
  Start();
  const auto result = ListListeners();
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  const auto statuses = StatusesOf(result.messages);
  EXPECT_THAT(statuses, SizeIs(2));
  EXPECT_EQ(statuses.at(Address("broken")).message(), "failed: out of order");
  EXPECT_EQ(result.messages.back().summary().nodes_answered(), 1u);
}

TEST_F(StreamCallTest, AnAnswerWithoutEndIsNone) {
  AddNode("a", {WithQueues({1})});
  AddFake("cut").listeners_responses = {StatusMessage("cut")};
  Start();
  EXPECT_EQ(StatusesOf(ListListeners().messages)[Address("cut")].message(), "failed: its answer has no end");
}

TEST_F(StreamCallTest, WhoSendsMoreThanAskedIsRefused) {
  AddNode("a", {WithQueues({900})});
  fakes::FakeObserver& fake = AddFake("endless");
  fake.listeners_responses = {BatchOf("endless", 7)};
  fake.endless = true;
  Start();
  v1::ListListenersRequest request;
  request.set_limit(10);
  const auto result = ListListeners(request);
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  EXPECT_THAT(RowsIn(result.messages), ::testing::Contains("a:1"));
  EXPECT_THAT(RowsIn(result.messages), SizeIs(10));
  EXPECT_EQ(StatusesOf(result.messages)[Address("endless")].message(),
            "failed: sent more than the 10 rows asked for");
}

TEST_F(StreamCallTest, WhoAnswersForAnotherNodeIsRefused) {
  AddNode("a", {WithQueues({1})});
  AddFake("liar").listeners_responses = {BatchOf("a", 7), StatusMessage("a"), BatchOf("b", 9),
                                         StatusMessage("b"), SummaryMessage()};
  StartWithFile(absl::StrCat(Address("a"), " a\n", Address("liar"), " b\n"));
  const auto result = ListListeners();
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  EXPECT_THAT(RowsIn(result.messages), ElementsAre("a:1"));
  const v1::NodeStatus status = StatusesOf(result.messages)["b"];
  EXPECT_EQ(status.state(), v1::NODE_STATE_UNAVAILABLE);
  EXPECT_THAT(status.message(), HasSubstr("answers for node \"a\", not for \"b\": refused"));
}

TEST_F(StreamCallTest, AMessageThatIsTooLargeIsRefused) {
  AddNode("a", {WithQueues({1})});
  v1::ListListenersResponse large = StatusMessage("large");
  large.mutable_node_status()->set_message(std::string(base::kMaxAnswerBytes + 1, 'x'));
  AddFake("large").listeners_responses = {large, SummaryMessage()};
  Start();
  const auto result = ListListeners();
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  EXPECT_THAT(StatusesOf(result.messages)[Address("large")].message(), HasSubstr("larger than max"));
}

// Takes one connection after the other and answers what no HTTP/2 client understands.
class GarbageServer {
 public:
  explicit GarbageServer(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address = {.sun_family = AF_UNIX};
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    if (bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) std::abort();
    if (listen(fd_.get(), 16) != 0) std::abort();
    thread_ = std::thread([this] { Run(); });
  }
  ~GarbageServer() {
    shutdown(fd_.get(), SHUT_RDWR);
    thread_.join();
  }
  GarbageServer(const GarbageServer&) = delete;
  GarbageServer& operator=(const GarbageServer&) = delete;

 private:
  void Run() const {
    for (;;) {
      const sys::UniqueFd client(accept(fd_.get(), nullptr, nullptr));
      if (client.get() < 0) return;
      static constexpr char kText[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
      static_cast<void>(send(client.get(), kText, sizeof(kText) - 1, MSG_NOSIGNAL));
    }
  }
  sys::UniqueFd fd_;
  std::thread thread_;
};

TEST_F(StreamCallTest, GarbageIsNotReached) {
  AddNode("a", {WithQueues({1})});
  AddNobody("garbage");
  const GarbageServer garbage(folder_.Path("garbage.sock"));
  peer_timeout_ = absl::Seconds(1);
  Start();
  const auto result = ListListeners();
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  EXPECT_THAT(RowsIn(result.messages), ElementsAre("a:1"));
  EXPECT_EQ(StatusesOf(result.messages)[Address("garbage")].state(), v1::NODE_STATE_UNAVAILABLE);
}

TEST_F(StreamCallTest, AnOldPeerIsVersionSkew) {
  AddNode("a", {WithQueues({1})});
  AddFake("old").end = grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no such method");
  Start();
  EXPECT_EQ(StatusesOf(ListListeners().messages)[Address("old")].state(), v1::NODE_STATE_VERSION_SKEW);
}

TEST_F(StreamCallTest, WhatPeersDoNotUnderstandTheySayThemselves) {
  AddNode("a", {WithQueues({1})});
  Start();
  v1::ListListenersRequest request;
  request.set_min_api_minor(99);
  const auto result = ListListeners(request);
  EXPECT_EQ(StatusesOf(result.messages)["a"].state(), v1::NODE_STATE_VERSION_SKEW);
  EXPECT_EQ(result.messages.back().summary().nodes_answered(), 0u);
}

TEST_F(StreamCallTest, AWrongRequestIsTheCallsEnd) {
  AddNode("a", {WithQueues({1})});
  AddNobody("none");
  Start();
  v1::ListListenersRequest request;
  request.mutable_filter()->set_min_fill_percent(200);
  const auto result = ListListeners(request);
  EXPECT_EQ(result.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(result.status.error_message(),
            "read filter.min_fill_percent: 200 is not a percentage from 0 to 100");
  EXPECT_THAT(result.messages, IsEmpty());
}

// More than the transport buffers; while nobody reads, no peer is waited for.
TEST_F(StreamCallTest, ASlowReaderIsNoFaultOfThePeers) {
  peer_timeout_ = absl::Seconds(2);
  AddNode("a", {WithQueues(std::vector<uint32_t>(20000, 0))});
  AddNode("b", {WithQueues(std::vector<uint32_t>(20000, 0))});
  Start();
  const auto context = NewContext();
  const auto reader = stub_->ListListeners(context.get(), {});
  v1::ListListenersResponse first;
  ASSERT_TRUE(reader->Read(&first));
  EXPECT_FALSE(test::WaitUntil([] { return false; }, peer_timeout_ * 2));
  const auto rest = serve::testing::ReadAll(*reader);
  ASSERT_TRUE(rest.status.ok()) << rest.status.error_message();
  EXPECT_EQ(rest.messages.back().summary().rows_returned(), 40000u);
  EXPECT_EQ(rest.messages.back().summary().nodes_answered(), 2u);
}

TEST_F(StreamCallTest, ACallerThatGoesCancelsThePeers) {
  AddNode("a", {WithQueues(std::vector<uint32_t>(20000, 0))});
  AddFake("silent").hang = true;
  Start();
  const auto context = NewContext();
  const auto reader = stub_->ListListeners(context.get(), {});
  v1::ListListenersResponse first;
  ASSERT_TRUE(reader->Read(&first));
  context->TryCancel();
  EXPECT_EQ(serve::testing::ReadAll(*reader).status.error_code(), grpc::StatusCode::CANCELLED);
  // Returns when no call runs any more, the fake's included: it hangs until it is cancelled.
  server_->Stop(test::kPatience);
  fakes_.clear();
}

// Peers' ends come on several threads at once: one of them is the last, and nobody touches the call after it.
TEST_F(StreamCallTest, ManyPeersEndTogether) {
  AddNode("a", {WithQueues({5})});
  for (int i = 0; i < 40; ++i) AddNobody(absl::StrCat("none", i));
  Start();
  for (int i = 0; i < 300; ++i) {
    v1::ListListenersRequest request;
    request.set_limit(i % 2);
    const auto result = ListListeners(request);
    ASSERT_TRUE(result.status.ok()) << result.status.error_message();
    ASSERT_EQ(StatusesOf(result.messages).size(), 41u);
  }
}

TEST_F(StreamCallTest, AnAggregatorIsAPeerToo) {
  AddNode("a", {WithQueues({5})});
  AddNode("b", {WithQueues({7})});
  AddNobody("none");
  Start();
  const base::Address listen = *base::ParseListenAddress(Address("root"));
  auto root = AggregatorServer::Start(
      {.listen = {listen}, .peers = Address("aggregator"), .peer_timeout = peer_timeout_});
  ASSERT_TRUE(root.ok()) << root.status();
  stub_ = v1::Observer::NewStub(*base::MakeChannel(*base::ParseServerAddress(Address("root"))));
  v1::ListListenersRequest request;
  request.set_order_by(v1::LISTENER_ORDER_QUEUE);
  request.set_limit(2);
  const auto result = ListListeners(request);
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  EXPECT_THAT(RowsIn(result.messages), ElementsAre("b:1", "a:1"));
  EXPECT_THAT(StatusesOf(result.messages), SizeIs(3));
  EXPECT_EQ(result.messages.back().summary().nodes_expected(), 3u);
  EXPECT_EQ(result.messages.back().summary().nodes_answered(), 2u);
}

TEST_F(StreamCallTest, ResultsOfRulesAreAddedUp) {
  AddNode("a", {WithQueues({5})});
  AddNode("b", {WithQueues({7})});
  Start();
  v1::ListFindingsRequest request;
  v1::PolicyRule* rule = request.add_policy();
  rule->set_id("somaxconn");
  rule->set_severity(v1::SEVERITY_WARNING);
  rule->set_sysctl("net.core.somaxconn");
  rule->set_comparison(v1::COMPARISON_MIN);
  rule->add_operands("70000");
  const auto context = NewContext();
  const auto reader = stub_->ListFindings(context.get(), request);
  const auto result = serve::testing::ReadAll(*reader);
  ASSERT_TRUE(result.status.ok()) << result.status.error_message();
  std::vector<v1::RuleResult> results;
  for (const auto& message : result.messages) {
    if (message.has_rule_result()) results.push_back(message.rule_result());
  }
  ASSERT_THAT(results, SizeIs(1));
  EXPECT_EQ(results[0].state(), v1::RULE_STATE_EVALUATED);
  EXPECT_EQ(results[0].checked() + results[0].unreadable(), 2u);
}

}  // namespace
}  // namespace listenq::aggregator
