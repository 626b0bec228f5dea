#include "agent/serve/connection_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/agent/serve/sample_snapshot.h"

namespace listenq::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HostOwner;
using ::testing::IsEmpty;
using testing::kNow;
using testing::MakeNamespace;
using testing::MakeSnapshot;
using testing::MakeSysctls;
using ::testing::Pair;
using testing::PodOwner;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using testing::WithName;

Basis BasisOf(std::vector<model::Namespace> namespaces) {
  return {.snapshot = std::make_shared<const model::Snapshot>(MakeSnapshot(std::move(namespaces))),
          .now = kNow};
}

Filter MakeFilter(const v1::Filter& proto = {}) {
  auto filter = Filter::Compile(proto, kNow);
  EXPECT_TRUE(filter.ok()) << filter.status();
  return *std::move(filter);
}

Filter OfPod(const std::string& pod) {
  v1::Filter proto;
  proto.add_pods(pod);
  return MakeFilter(proto);
}

std::vector<model::NetnsSerial> Serials(const NamespaceRows& rows) {
  std::vector<model::NetnsSerial> serials;
  for (const model::Namespace* ns : rows.rows) serials.push_back(ns->id->serial);
  return serials;
}

model::Namespace WithRange(model::NetnsSerial serial) {
  model::Namespace ns = MakeNamespace(serial, {PodOwner("shop", "web", "nginx", 'a')});
  ns.sysctls = MakeSysctls(
      {{"net.ipv4.ip_local_port_range", "32768 60999"}, {"net.ipv4.ip_local_reserved_ports", "40000-40009"}});
  return ns;
}

model::IpAddress V4(uint8_t last) {
  model::IpAddress address;
  address.bytes = {10, 0, 0, last};
  return address;
}

// The answer when `results` came back for all of `namespaces`.
v1::SummarizeConnectionsResponse Answer(std::vector<model::Namespace> namespaces,
                                        const WalkResults& results) {
  const Basis basis = BasisOf(std::move(namespaces));
  const auto selected = SelectToWalk(*basis.snapshot, MakeFilter());
  EXPECT_TRUE(selected.ok()) << selected.status();
  v1::SummarizeConnectionsResponse response;
  AnswerConnections(basis, *selected, results, &response);
  return response;
}

// ---- before the walk

TEST(SelectToWalk, TakesWhatTheFilterNames) {
  const Basis basis = BasisOf({MakeNamespace(1, {PodOwner("shop", "web", "nginx", 'a')}),
                               MakeNamespace(2, {PodOwner("shop", "db", "pg", 'b')})});
  const auto selected = SelectToWalk(*basis.snapshot, OfPod("db"));
  ASSERT_TRUE(selected.ok());
  EXPECT_THAT(Serials(*selected), ElementsAre(2));
  EXPECT_EQ(selected->examined.namespaces, 2u);
}

TEST(SelectToWalk, APodOnTheHostsNetworkDoesNotOwnIt) {
  model::Namespace host = MakeNamespace(1, {HostOwner(), PodOwner("kube-system", "proxy", "proxy", 'a')});
  host.id = WithName(*host.id, "", true);
  const Basis basis = BasisOf({host});
  const auto selected = SelectToWalk(*basis.snapshot, OfPod("proxy"));
  ASSERT_TRUE(selected.ok());
  EXPECT_THAT(selected->rows, IsEmpty());
}

TEST(SelectToWalk, AGuestKernelsNamespaceIsCountedAndNotWalked) {
  model::Namespace guest = MakeNamespace(1);
  guest.not_observable_reason = "gVisor";
  const Basis basis = BasisOf({guest, MakeNamespace(2)});
  const auto selected = SelectToWalk(*basis.snapshot, MakeFilter());
  ASSERT_TRUE(selected.ok());
  EXPECT_THAT(Serials(*selected), ElementsAre(2));
  EXPECT_EQ(selected->examined.unobservable, 1u);
}

TEST(SelectToWalk, RefusesMoreThanAreWalkedInOneCall) {
  std::vector<model::Namespace> namespaces;
  for (size_t i = 1; i <= kMaxWalked; ++i) namespaces.push_back(MakeNamespace(i));
  const Basis all = BasisOf(namespaces);
  EXPECT_TRUE(SelectToWalk(*all.snapshot, MakeFilter()).ok());
  namespaces.push_back(MakeNamespace(kMaxWalked + 1));
  const Basis more = BasisOf(namespaces);
  const auto selected = SelectToWalk(*more.snapshot, MakeFilter());
  EXPECT_EQ(selected.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(selected.status().message()),
            "count connections: the filter selects 65 network namespaces, and at most 64 are walked in one "
            "call: name pods, containers or network namespaces");
  // Guests cost nothing.
  namespaces.back().not_observable_reason = "gVisor";
  const Basis guests = BasisOf(namespaces);
  EXPECT_TRUE(SelectToWalk(*guests.snapshot, MakeFilter()).ok());
}

class WalkOrderTest : public ::testing::Test {
 protected:
  absl::StatusOr<WalkOrder> Make() const {
    const Basis basis = BasisOf({WithRange(1), MakeNamespace(2)});
    return MakeWalkOrder(*SelectToWalk(*basis.snapshot, MakeFilter()), request_);
  }
  v1::SummarizeConnectionsRequest request_;
};

TEST_F(WalkOrderTest, HasDefaults) {
  const auto order = Make();
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_EQ(order->max_rows, 20u);
  EXPECT_EQ(order->time_limit, absl::Seconds(2));
}

TEST_F(WalkOrderTest, NamesTheNamespaces) {
  const auto order = Make();
  ASSERT_TRUE(order.ok());
  ASSERT_THAT(order->subjects, SizeIs(2));
  EXPECT_EQ(order->subjects[0].serial, 1u);
  EXPECT_EQ(order->subjects[0].cookie, 101u);
  ASSERT_TRUE(order->subjects[0].ephemeral.has_value());
  EXPECT_EQ(order->subjects[0].ephemeral->first, 32768u);
  EXPECT_FALSE(order->subjects[1].ephemeral.has_value());
}

TEST_F(WalkOrderTest, TakesWhatIsAsked) {
  request_.set_limit(7);
  request_.mutable_time_limit()->set_nanos(500'000'000);
  const auto order = Make();
  ASSERT_TRUE(order.ok());
  EXPECT_EQ(order->max_rows, 7u);
  EXPECT_EQ(order->time_limit, absl::Milliseconds(500));
}

TEST_F(WalkOrderTest, MoreThanTheMaximumIsTheMaximum) {
  request_.set_limit(1001);
  request_.mutable_time_limit()->set_seconds(11);
  const auto order = Make();
  ASSERT_TRUE(order.ok());
  EXPECT_EQ(order->max_rows, 1000u);
  EXPECT_EQ(order->time_limit, absl::Seconds(10));
}

TEST_F(WalkOrderTest, RefusesATimeThatIsNone) {
  request_.mutable_time_limit();
  const auto none = Make();
  EXPECT_EQ(none.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(none.status().message()), "read time_limit: 0 is not a time above 0");
  request_.mutable_time_limit()->set_seconds(-1);
  EXPECT_EQ(std::string(Make().status().message()), "read time_limit: -1s is not a time above 0");
}

// ---- after the walk

model::ConnectionCounts SomeCounts() {
  model::ConnectionCounts counts;
  counts.by_state[static_cast<size_t>(model::TcpState::kEstablished)] = 12;
  counts.by_state[static_cast<size_t>(model::TcpState::kTimeWait)] = 3;
  counts.syn_queues = {{.address = {}, .port = 80, .syn_recv = 5}};
  counts.destinations = {{.address = V4(9), .port = 443, .ports_in_use = 9, .time_wait = 3}};
  counts.cpu_time = absl::Microseconds(160);
  return counts;
}

TEST(AnswerConnections, GivesARowPerNamespace) {
  const auto response = Answer({WithRange(1)}, {SomeCounts()});
  ASSERT_EQ(response.connections_size(), 1);
  const v1::ConnectionSummary& row = response.connections(0);
  EXPECT_EQ(row.node_name(), "node-1");
  EXPECT_EQ(row.netns().inode(), 4026530001u);
  EXPECT_EQ(row.owners(0).pod(), "web");
  EXPECT_EQ(row.by_state().at("ESTABLISHED"), 12u);
  EXPECT_EQ(row.by_state().at("TIME_WAIT"), 3u);
  EXPECT_EQ(row.by_state().at("CLOSE_WAIT"), 0u);
  EXPECT_EQ(row.by_state_size(), 10);
  ASSERT_EQ(row.syn_queues_size(), 1);
  EXPECT_EQ(row.syn_queues(0).local_address(), "0.0.0.0");
  EXPECT_EQ(row.syn_queues(0).local_port(), 80u);
  EXPECT_EQ(row.syn_queues(0).syn_recv(), 5u);
  ASSERT_EQ(row.destinations_size(), 1);
  EXPECT_EQ(row.destinations(0).remote_address(), "10.0.0.9");
  EXPECT_EQ(row.destinations(0).remote_port(), 443u);
  EXPECT_EQ(row.destinations(0).ports_in_use(), 9u);
  EXPECT_EQ(row.destinations(0).time_wait(), 3u);
  EXPECT_EQ(row.ephemeral_first(), 32768u);
  EXPECT_EQ(row.ephemeral_last(), 60999u);
  EXPECT_EQ(row.reserved_ports(), 10u);
  EXPECT_FALSE(row.truncated());
  EXPECT_EQ(row.cost().nanos(), 160'000);
  EXPECT_EQ(response.node_statuses(0).state(), v1::NODE_STATE_OK);
  EXPECT_EQ(response.node_statuses(0).message(), "");
  EXPECT_EQ(response.summary().rows_matched(), 1u);
  EXPECT_EQ(response.summary().rows_returned(), 1u);
  EXPECT_FALSE(response.summary().truncated());
}

TEST(AnswerConnections, AWalkThatWasCutDoesNotSayZero) {
  model::ConnectionCounts counts = SomeCounts();
  counts.stopped = true;
  const auto response = Answer({WithRange(1)}, {counts});
  EXPECT_THAT(response.connections(0).by_state(),
              UnorderedElementsAre(Pair("ESTABLISHED", 12u), Pair("TIME_WAIT", 3u)));
  EXPECT_TRUE(response.connections(0).truncated());
  EXPECT_TRUE(response.summary().truncated());
}

TEST(AnswerConnections, ListsThatWereCutAreSaid) {
  model::ConnectionCounts counts = SomeCounts();
  counts.truncated = true;
  const auto response = Answer({WithRange(1)}, {counts});
  EXPECT_TRUE(response.connections(0).truncated());
  EXPECT_EQ(response.connections(0).by_state_size(), 10);
}

TEST(AnswerConnections, WhatHadNoTurnHasNoNumbers) {
  const auto response =
      Answer({WithRange(1), WithRange(2)}, {SomeCounts(), absl::DeadlineExceededError("time was up")});
  ASSERT_EQ(response.connections_size(), 2);
  EXPECT_FALSE(response.connections(0).truncated());
  EXPECT_TRUE(response.connections(1).truncated());
  EXPECT_THAT(response.connections(1).by_state(), IsEmpty());
  EXPECT_FALSE(response.connections(1).has_cost());
  EXPECT_TRUE(response.summary().truncated());
  EXPECT_EQ(response.node_statuses(0).state(), v1::NODE_STATE_OK);
}

TEST(AnswerConnections, WhatCouldNotBeReadHasNoNumbersAndTheNodeSaysWhy) {
  const auto response =
      Answer({WithRange(1), WithRange(2)},
             {SomeCounts(), absl::PermissionDeniedError("enter x: needs CAP_SYS_ADMIN\xff")});
  ASSERT_EQ(response.connections_size(), 2);
  const v1::ConnectionSummary& row = response.connections(1);
  EXPECT_EQ(row.netns().inode(), 4026530002u);
  EXPECT_THAT(row.by_state(), IsEmpty());
  EXPECT_FALSE(row.has_cost());
  EXPECT_FALSE(row.truncated());
  EXPECT_EQ(row.ephemeral_first(), 32768u) << "it was read before";
  const v1::NodeStatus& status = response.node_statuses(0);
  EXPECT_EQ(status.state(), v1::NODE_STATE_PARTIAL);
  EXPECT_THAT(status.message(), HasSubstr("connections of 1 of 2 network namespaces could not be read: netns "
                                          "4026530002: enter x: needs CAP_SYS_ADMIN"));
  EXPECT_EQ(status.unreadable_namespaces(), 1u);
}

TEST(AnswerConnections, WhatWasUnreadableBeforeCountsOnce) {
  model::Namespace denied = WithRange(1);
  denied.errors.push_back({.part = "netns", .reason = "denied"});
  const auto response = Answer({denied}, {absl::PermissionDeniedError("denied")});
  const v1::NodeStatus& status = response.node_statuses(0);
  EXPECT_EQ(status.unreadable_namespaces(), 1u);
  EXPECT_EQ(status.message(),
            "1 of 1 network namespaces could not be read in full; connections of 1 of 1 network namespaces "
            "could not be read: netns 4026530001: denied");
}

TEST(AnswerConnections, WhatIsGoneHasNoRow) {
  const auto response = Answer({WithRange(1), WithRange(2)}, {absl::NotFoundError("gone"), SomeCounts()});
  ASSERT_EQ(response.connections_size(), 1);
  EXPECT_EQ(response.connections(0).netns().inode(), 4026530002u);
  EXPECT_EQ(response.summary().rows_matched(), 1u);
  EXPECT_EQ(response.node_statuses(0).state(), v1::NODE_STATE_OK);
}

TEST(AnswerConnections, AnUnknownRangeIsSaid) {
  model::ConnectionCounts counts = SomeCounts();
  counts.destinations.clear();
  const auto response = Answer({MakeNamespace(1)}, {counts});
  EXPECT_FALSE(response.connections(0).has_ephemeral_first());
  EXPECT_FALSE(response.connections(0).has_reserved_ports());
  EXPECT_EQ(response.node_statuses(0).state(), v1::NODE_STATE_PARTIAL);
  EXPECT_EQ(response.node_statuses(0).message(),
            "net.ipv4.ip_local_port_range of 1 of 1 network namespaces is not known: no destinations there");
}

TEST(AnswerConnections, FitsIntoAMessageWhateverTheWalksFound) {
  model::ConnectionCounts counts = SomeCounts();
  counts.syn_queues.assign(kMaxConnectionRows, counts.syn_queues[0]);
  counts.destinations.assign(kMaxConnectionRows, counts.destinations[0]);
  for (model::DestinationPorts& row : counts.destinations) {
    row.address.family = model::IpAddress::Family::kV6;
    row.address.bytes.fill(0xfe);
  }
  std::vector<model::Namespace> namespaces;
  for (size_t i = 1; i <= kMaxWalked; ++i) namespaces.push_back(WithRange(i));
  const WalkResults results(kMaxWalked, counts);
  const auto response = Answer(namespaces, results);
  EXPECT_LT(response.ByteSizeLong(), size_t{4} << 20);
  EXPECT_TRUE(response.connections(0).truncated());
  EXPECT_GT(response.connections(0).destinations_size(), 0);
  EXPECT_LT(response.connections(0).destinations_size(), 1000);
  EXPECT_TRUE(response.summary().truncated());
  // Alone it fits.
  const auto alone = Answer({WithRange(1)}, {counts});
  EXPECT_EQ(alone.connections(0).destinations_size(), 1000);
  EXPECT_FALSE(alone.connections(0).truncated());
}

}  // namespace
}  // namespace listenq::serve
