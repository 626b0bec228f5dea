#include "agent/collect/connection_tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/agent/collect/addresses.h"
#include "tests/agent/collect/connection_lines.h"

namespace listenq::collect {
namespace {

using model::TcpState;
using test::Destinations;
using test::SynQueues;
using testing::Address;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr model::PortRange kRange = {.first = 32768, .last = 60999};
constexpr size_t kAll = 1000000;

model::ListenerReading Listener(const std::string& address, uint16_t port) {
  model::ListenerReading listener;
  listener.address = Address(address);
  listener.port = port;
  return listener;
}

model::Connection To(const std::string& remote, uint16_t remote_port, uint16_t local_port,
                     TcpState state = TcpState::kEstablished, const std::string& local = "10.0.0.1") {
  return {.state = state,
          .local = Address(local),
          .local_port = local_port,
          .remote = Address(remote),
          .remote_port = remote_port};
}

model::ConnectionCounts Tally(const std::vector<model::Connection>& connections,
                              const std::vector<model::ListenerReading>& listeners = {},
                              size_t max_rows = kAll, ConnectionTally::Bounds bounds = {}) {
  ConnectionTally tally(listeners, kRange, bounds);
  for (const model::Connection& connection : connections) tally.Add(connection);
  return tally.Counts(max_rows);
}

TEST(ConnectionTally, CountsEachStateByItself) {
  std::vector<model::Connection> connections;
  for (size_t state = 0; state < model::kTcpStates; ++state) {
    for (size_t i = 0; i <= state; ++i)
      connections.push_back(To("10.0.0.9", 80, 40000, static_cast<TcpState>(state)));
  }
  EXPECT_THAT(Tally(connections).by_state, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
}

TEST(ConnectionTally, ADestinationIsAnAddressAndAPort) {
  const auto counts = Tally({To("10.0.0.9", 443, 40001), To("10.0.0.9", 443, 40002),
                             To("10.0.0.9", 80, 40001), To("10.0.0.8", 443, 40001)});
  EXPECT_THAT(Destinations(counts), ElementsAre("10.0.0.9 443 2 0", "10.0.0.8 443 1 0", "10.0.0.9 80 1 0"));
  EXPECT_FALSE(counts.truncated);
}

TEST(ConnectionTally, OnlyPortsOfTheRangeCount) {
  EXPECT_THAT(Destinations(Tally({To("10.0.0.9", 443, 32767), To("10.0.0.9", 443, 32768),
                                  To("10.0.0.9", 443, 60999), To("10.0.0.9", 443, 61000)})),
              ElementsAre("10.0.0.9 443 2 0"));
}

TEST(ConnectionTally, WithoutTheRangeThereAreNoDestinations) {
  ConnectionTally tally({}, std::nullopt, {});
  tally.Add(To("10.0.0.9", 443, 40000));
  EXPECT_THAT(tally.Counts(kAll).destinations, IsEmpty());
  EXPECT_EQ(tally.Counts(kAll).by_state[0], 1u);
}

TEST(ConnectionTally, WhatAListenerTookIsNotOpenedHere) {
  EXPECT_THAT(Destinations(Tally({To("10.0.0.9", 50000, 40000), To("10.0.0.9", 50000, 40001)},
                                 {Listener("0.0.0.0", 40000)})),
              ElementsAre("10.0.0.9 50000 1 0"));
}

TEST(ConnectionTally, ASynRecvIsNotOpenedHere) {
  EXPECT_THAT(Destinations(Tally({To("10.0.0.9", 50000, 40000, TcpState::kSynRecv)})), IsEmpty());
}

TEST(ConnectionTally, AMappedAddressIsTheSameDestination) {
  EXPECT_THAT(Destinations(Tally({To("10.0.0.9", 443, 40000), To("::ffff:10.0.0.9", 443, 40001)})),
              ElementsAre("10.0.0.9 443 2 0"));
}

TEST(ConnectionTally, APortCountsOnceWhateverLocalAddressesUseIt) {
  EXPECT_THAT(Destinations(Tally({To("10.0.0.9", 443, 40000, TcpState::kEstablished, "10.0.0.1"),
                                  To("10.0.0.9", 443, 40000, TcpState::kEstablished, "10.0.0.2")})),
              ElementsAre("10.0.0.9 443 1 0"));
}

TEST(ConnectionTally, APortIsInTimeWaitWhenNothingElseIsOnIt) {
  const auto waiting = To("10.0.0.9", 443, 40000, TcpState::kTimeWait, "10.0.0.1");
  const auto also_waiting = To("10.0.0.9", 443, 40000, TcpState::kTimeWait, "10.0.0.3");
  const auto live = To("10.0.0.9", 443, 40000, TcpState::kFinWait1, "10.0.0.2");
  EXPECT_THAT(Destinations(Tally({waiting, also_waiting})), ElementsAre("10.0.0.9 443 1 1"));
  EXPECT_THAT(Destinations(Tally({waiting, live})), ElementsAre("10.0.0.9 443 1 0"));
  EXPECT_THAT(Destinations(Tally({live, waiting})), ElementsAre("10.0.0.9 443 1 0"));
  EXPECT_THAT(Destinations(Tally({waiting, live, also_waiting})), ElementsAre("10.0.0.9 443 1 0"));
}

TEST(ConnectionTally, RowsAreTheMostUsedOnes) {
  std::vector<model::Connection> connections;
  for (uint16_t remote_port = 1; remote_port <= 9; ++remote_port) {
    for (uint16_t i = 0; i < remote_port; ++i) {
      connections.push_back(To("10.0.0.9", remote_port, static_cast<uint16_t>(40000 + i)));
    }
  }
  const auto counts = Tally(connections, {}, 2);
  EXPECT_THAT(Destinations(counts), ElementsAre("10.0.0.9 9 9 0", "10.0.0.9 8 8 0"));
  EXPECT_FALSE(counts.truncated) << "cut by what was asked for, not by a bound";
}

TEST(ConnectionTally, BeyondTheBoundOfDestinationsItSaysSo) {
  std::vector<model::Connection> connections;
  for (uint16_t remote_port = 1; remote_port <= 10; ++remote_port) {
    connections.push_back(To("10.0.0.9", remote_port, 40000));
  }
  const auto within = Tally(connections, {}, kAll, {.max_destinations = 10});
  EXPECT_THAT(within.destinations, SizeIs(10));
  EXPECT_FALSE(within.truncated);
  const auto beyond = Tally(connections, {}, kAll, {.max_destinations = 9});
  EXPECT_THAT(beyond.destinations, SizeIs(9));
  EXPECT_TRUE(beyond.truncated);
  EXPECT_EQ(beyond.by_state[0], 10u) << "states are counted on";
}

TEST(ConnectionTally, NoBoundIsAboveWhatPositionsCanSay) {
  ConnectionTally tally({}, kRange, {.max_destinations = size_t{1} << 20});
  model::Connection connection = To("10.0.0.0", 443, 40000);
  for (uint32_t i = 0; i < 70000; ++i) {
    connection.remote.bytes[1] = static_cast<uint8_t>(i >> 16);
    connection.remote.bytes[2] = static_cast<uint8_t>(i >> 8);
    connection.remote.bytes[3] = static_cast<uint8_t>(i);
    tally.Add(connection);
  }
  const auto counts = tally.Counts(kAll);
  EXPECT_THAT(counts.destinations, SizeIs(65536));
  EXPECT_THAT(counts.destinations,
              ::testing::Each(::testing::Field(&model::DestinationPorts::ports_in_use, 1u)));
  EXPECT_TRUE(counts.truncated);
}

TEST(ConnectionTally, BeyondTheBoundOfPortsItSaysSo) {
  const std::vector<model::Connection> connections = {To("10.0.0.9", 443, 40000), To("10.0.0.9", 443, 40001),
                                                      To("10.0.0.9", 443, 40000), To("10.0.0.8", 443, 40002)};
  const auto counts = Tally(connections, {}, kAll, {.max_ports = 2});
  EXPECT_THAT(Destinations(counts), ElementsAre("10.0.0.9 443 2 0"));
  EXPECT_TRUE(counts.truncated);
  EXPECT_FALSE(Tally(connections, {}, kAll, {.max_ports = 3}).truncated);
}

TEST(ConnectionTally, SynRecvEntriesBelongToTheirListener) {
  const auto syn_recv = [](const std::string& local, uint16_t port) {
    return To("10.0.0.9", 50000, port, TcpState::kSynRecv, local);
  };
  const auto counts = Tally({syn_recv("10.0.0.1", 80), syn_recv("10.0.0.2", 80),
                             syn_recv("::ffff:10.0.0.1", 81), syn_recv("10.0.0.1", 82)},
                            {Listener("0.0.0.0", 80), Listener("0.0.0.0", 80), Listener("::", 81)});
  EXPECT_THAT(SynQueues(counts), ElementsAre("0.0.0.0 80 2", "10.0.0.1 82 1", ":: 81 1"));
}

TEST(ConnectionTally, BeyondTheBoundOfListenersItSaysSo) {
  const auto counts =
      Tally({To("10.0.0.9", 1, 80, TcpState::kSynRecv), To("10.0.0.9", 1, 81, TcpState::kSynRecv),
             To("10.0.0.9", 2, 80, TcpState::kSynRecv)},
            {}, kAll, {.max_destinations = 1});
  EXPECT_THAT(SynQueues(counts), ElementsAre("10.0.0.1 80 2"));
  EXPECT_TRUE(counts.truncated);
}

}  // namespace
}  // namespace listenq::collect
