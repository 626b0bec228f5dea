#include "client/query.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/client/rows.h"
#include "tests/fakes/fake_observer.h"

namespace listenq::client {
namespace {

constexpr absl::Duration kLong = absl::Seconds(60);

TEST(ObserverClient, CollectsBatchesStatusesAndSummary) {
  fakes::FakeObserver server;
  server.listeners_responses = {
      Proto<v1::ListListenersResponse>(
          "batch { node_name: 'a' listeners { queue: 1 } listeners { queue: 2 } }"),
      Proto<v1::ListListenersResponse>("batch { node_name: 'b' listeners { queue: 3 } }"),
      Proto<v1::ListListenersResponse>("node_status { node_name: 'a' state: NODE_STATE_OK }"),
      Proto<v1::ListListenersResponse>(
          "node_status { node_name: 'c' state: NODE_STATE_UNAVAILABLE message: 'late' }"),
      Proto<v1::ListListenersResponse>("summary { rows_matched: 3 truncated: true }")};
  ObserverClient client(server.Channel(), {.server = "fake"}, kLong);
  const auto answer = client.ListListeners({});
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->items.size(), 3U);
  EXPECT_EQ(answer->items[1].node_name, "a");
  EXPECT_EQ(answer->items[2].node_name, "b");
  EXPECT_EQ(answer->items[2].row.queue(), 3U);
  ASSERT_EQ(answer->node_statuses.size(), 2U);
  EXPECT_EQ(answer->node_statuses[1].message(), "late");
  EXPECT_TRUE(answer->summary.truncated());
}

TEST(ObserverClient, NamesTheNodeInEachFindingAndEachSummary) {
  fakes::FakeObserver server;
  server.findings_responses = {
      Proto<v1::ListFindingsResponse>("batch { node_name: 'a' findings { rule_id: 'x' } }"),
      Proto<v1::ListFindingsResponse>("rule_result { rule_id: 'x' }"),
      Proto<v1::ListFindingsResponse>("summary { listeners_examined: 3 }")};
  server.connections_response = Proto<v1::SummarizeConnectionsResponse>(
      "connections { node_name: 'b' } node_statuses { node_name: 'b' } summary { rows_matched: 1 }");
  ObserverClient client(server.Channel(), {.server = "fake"}, kLong);
  const auto findings = client.ListFindings({});
  ASSERT_TRUE(findings.ok()) << findings.status();
  ASSERT_EQ(findings->items.size(), 1U);
  EXPECT_EQ(findings->items[0].row.node_name(), "a");
  EXPECT_EQ(findings->summary.listeners_examined(), 3U);
  const auto connections = client.SummarizeConnections({});
  ASSERT_TRUE(connections.ok()) << connections.status();
  ASSERT_EQ(connections->items.size(), 1U);
  EXPECT_EQ(connections->items[0].node_name, "b");
  EXPECT_EQ(connections->items[0].row.node_name(), "b");
  EXPECT_EQ(connections->node_statuses.size(), 1U);
  EXPECT_EQ(connections->summary.rows_matched(), 1U);
}

TEST(ObserverClient, EndsAtItsDeadlineThoughRowsCame) {
  fakes::FakeObserver server;
  server.hang = true;
  server.listeners_responses = {Proto<v1::ListListenersResponse>("batch { listeners { queue: 1 } }")};
  ObserverClient client(server.Channel(), {.server = "unix:///fake.sock"}, absl::Milliseconds(50));
  EXPECT_EQ(
      client.ListListeners({}).status(),
      absl::DeadlineExceededError("unix:///fake.sock did not answer within 50ms\nmore time: --timeout 30s"));
}

TEST(ObserverClient, SaysWhatTheServerSays) {
  fakes::FakeObserver server;
  server.end = {grpc::StatusCode::INVALID_ARGUMENT, "label selector app in: expected ("};
  ObserverClient client(server.Channel(), {.server = "fake"}, kLong);
  EXPECT_EQ(client.ListListeners({}).status(),
            absl::InvalidArgumentError("label selector app in: expected ("));
}

TEST(ObserverClient, SaysThatTheServerDoesNotKnowTheCall) {
  fakes::FakeObserver server;
  server.end = {grpc::StatusCode::UNIMPLEMENTED, "no such method"};
  ObserverClient client(server.Channel(), {.server = "fake"}, kLong);
  const absl::Status status = client.ListNodes({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(status.message().substr(0, 34), "fake does not serve this question:");
}

std::vector<std::string> NodesOf(const auto& answer) {
  std::vector<std::string> names;
  for (const auto& item : answer.items) names.push_back(item.node_name);
  return names;
}

TEST(ObserverClient, PutsDropsOfOneSecondInTheOrderOfNodes) {
  fakes::FakeObserver server;
  server.drops_responses = {
      Proto<v1::ListDropsResponse>("batch { node_name: 'c' episodes { last_time { seconds: 8 nanos: 9 } } }"),
      Proto<v1::ListDropsResponse>("batch { node_name: 'a' episodes { last_time { seconds: 8 nanos: 5 } } }"),
      Proto<v1::ListDropsResponse>("batch { node_name: 'b' episodes { last_time { seconds: 9 } } }"),
      Proto<v1::ListDropsResponse>("node_status { node_name: 'a' }"),
      Proto<v1::ListDropsResponse>("node_status { node_name: 'b' }")};
  ObserverClient client(server.Channel(), {.server = "fake"}, kLong);
  EXPECT_EQ(NodesOf(*client.ListDrops({})), (std::vector<std::string>{"b", "a", "c"}));
}

TEST(ObserverClient, PutsTheWorstHistoriesOfSeveralNodesFirst) {
  fakes::FakeObserver server;
  server.history_responses = {
      Proto<v1::GetHistoryResponse>("batch { node_name: 'd' histories { samples { queue: 1 } } }"),
      Proto<v1::GetHistoryResponse>("batch { node_name: 'c' histories { samples { queue: 7 } } }"),
      Proto<v1::GetHistoryResponse>("batch { node_name: 'b' histories { samples { drops_max: 2 } } }"),
      Proto<v1::GetHistoryResponse>("batch { node_name: 'a' histories { samples { queue: 1 } } }"),
      Proto<v1::GetHistoryResponse>("node_status { node_name: 'a' }"),
      Proto<v1::GetHistoryResponse>("node_status { node_name: 'b' }")};
  ObserverClient client(server.Channel(), {.server = "fake"}, kLong);
  EXPECT_EQ(NodesOf(*client.GetHistory({})), (std::vector<std::string>{"b", "c", "a", "d"}));
}

TEST(ObserverClient, CancelEndsTheCallInFlightAndLaterOnes) {
  fakes::FakeObserver server;
  server.hang = true;
  ObserverClient client(server.Channel(), {.server = "fake"}, kLong);
  std::thread canceller([&] { client.Cancel(); });
  EXPECT_EQ(client.ListListeners({}).status().code(), absl::StatusCode::kCancelled);
  canceller.join();
  EXPECT_EQ(client.ListListeners({}).status().code(), absl::StatusCode::kCancelled);
}

TEST(WatchDrops, GivesEachMessageUntilTheTakerHasEnough) {
  fakes::FakeObserver server;
  server.hang = true;
  server.watch_responses = {Proto<v1::WatchDropsResponse>("node_status { node_name: 'a' }"),
                            Proto<v1::WatchDropsResponse>("event { episode_id: 1 }"),
                            Proto<v1::WatchDropsResponse>("event { episode_id: 2 }")};
  ObserverClient client(server.Channel(), {.server = "fake"}, kLong);
  std::vector<uint64_t> seen;
  const absl::Status status = client.WatchDrops({}, [&](const v1::WatchDropsResponse& response) {
    seen.push_back(response.event().episode_id());
    return seen.size() < 3;
  });
  EXPECT_EQ(status, absl::OkStatus());
  EXPECT_EQ(seen, (std::vector<uint64_t>{0, 1, 2}));
}

TEST(WatchDrops, WaitsForTheFirstMessageNoLongerThanTheTimeout) {
  fakes::FakeObserver server;
  server.hang = true;
  ObserverClient client(server.Channel(), {.server = "fake"}, absl::Milliseconds(50));
  const absl::Status status = client.WatchDrops({}, [](const auto&) { return true; });
  EXPECT_EQ(status, absl::DeadlineExceededError("fake did not answer within 50ms\nmore time: --timeout 30s"));
}

TEST(WatchDrops, SaysThatAServerIsLostThatWasThere) {
  fakes::FakeObserver server;
  server.watch_responses = {Proto<v1::WatchDropsResponse>("node_status { node_name: 'a' }")};
  server.end = {grpc::StatusCode::UNAVAILABLE, "Socket closed"};
  ObserverClient client(server.Channel(), {.server = "fake"}, kLong);
  EXPECT_EQ(client.WatchDrops({}, [](const auto&) { return true; }),
            absl::UnavailableError("lost the connection to the server at fake: Socket closed\n"
                                   "it was there before: did it end, or is it being restarted? try again"));
  server.end = {grpc::StatusCode::UNAVAILABLE, "the aggregator is shutting down"};
  EXPECT_EQ(client.WatchDrops({}, [](const auto&) { return true; }),
            absl::UnavailableError("fake cannot answer: the aggregator is shutting down"));
}

TEST(WatchDrops, PassesOnWhatEndedTheStream) {
  fakes::FakeObserver server;
  server.watch_responses = {Proto<v1::WatchDropsResponse>("node_status { node_name: 'a' }")};
  server.end = {grpc::StatusCode::RESOURCE_EXHAUSTED, "100 watchers"};
  ObserverClient client(server.Channel(), {.server = "fake"}, kLong);
  EXPECT_EQ(client.WatchDrops({}, [](const auto&) { return true; }),
            absl::ResourceExhaustedError("fake refused: 100 watchers\nask for less: -n, --port, --limit"));
}

TEST(MakeFilter, CarriesEveryField) {
  Selection selection;
  selection.namespaces = {"shop"};
  selection.pods = {"api-*"};
  selection.containers = {"api"};
  selection.label_selector = "app=web";
  selection.netns_inodes = {9};
  selection.netns_names = {"host"};
  selection.ports = {80};
  selection.processes = {"node"};
  selection.min_fill_percent = 0;
  selection.only_dropping = true;
  EXPECT_EQ(
      MakeFilter(selection).ShortDebugString(),
      "namespaces: \"shop\" pods: \"api-*\" containers: \"api\" label_selector: \"app=web\" netns_inodes: 9 "
      "netns_names: \"host\" ports: 80 min_fill_percent: 0 only_dropping: true processes: \"node\"");
}

}  // namespace
}  // namespace listenq::client
