#include "agent/collect/proc_net.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "agent/sys/file.h"

namespace listenq::collect {
namespace {

using ::testing::HasSubstr;

std::string TestFile(const std::string& name) {
  const auto content = sys::ReadFile(absl::StrCat(LISTENQ_TESTDATA, "/collect/", name));
  EXPECT_TRUE(content.ok()) << content.status();
  return content.value_or("");
}

TEST(CounterParser, ReadsNetstatByNstatsNames) {
  CounterParser parser;
  const auto counters = parser.Parse(TestFile("netstat"));
  ASSERT_TRUE(counters.ok()) << counters.status();
  EXPECT_EQ(counters->Get("TcpExtListenDrops"), 0u);
  EXPECT_EQ(counters->Get("TcpExtListenOverflows"), 0u);
  EXPECT_EQ(counters->Get("IpExtInOctets"), 672u);
  EXPECT_EQ(counters->Get("TcpExtNoSuchCounter"), std::nullopt);
}

TEST(CounterParser, ReadsSnmpAndPassesOverMaxConn) {
  CounterParser parser;
  const auto counters = parser.Parse(TestFile("snmp"));
  ASSERT_TRUE(counters.ok()) << counters.status();
  EXPECT_EQ(counters->Get("TcpRtoMax"), 120000u);
  EXPECT_EQ(counters->Get("TcpMaxConn"), std::nullopt);
  EXPECT_EQ(counters->Get("TcpActiveOpens"), 3u);
  EXPECT_EQ(counters->Get("TcpOutRsts"), 3u);
  EXPECT_EQ(counters->Get("UdpRcvbufErrors"), 0u);
}

TEST(CounterParser, SharesTheNamesOfEqualHeaders) {
  CounterParser parser;
  const auto first = parser.Parse("Tcp: A B\nTcp: 1 2\n");
  const auto second = parser.Parse("Tcp: A B\nTcp: 3 4\n");
  const auto other = parser.Parse("Tcp: A C\nTcp: 5 6\n");
  ASSERT_TRUE(first.ok() && second.ok() && other.ok());
  EXPECT_EQ(first->names, second->names);
  EXPECT_EQ(second->Get("TcpB"), 4u);
  EXPECT_EQ(other->Get("TcpB"), std::nullopt);
  EXPECT_EQ(other->Get("TcpC"), 6u);
}

TEST(CounterParser, PassesOverColumnsThatVaryByNamespace) {
  CounterParser parser;
  const auto with = parser.Parse("Icmp: A\nIcmp: 1\nIcmpMsg: InType3\nIcmpMsg: 7\nTcp: B\nTcp: 2\n");
  const auto without = parser.Parse("Icmp: A\nIcmp: 1\nTcp: B\nTcp: 2\n");
  ASSERT_TRUE(with.ok() && without.ok());
  EXPECT_EQ(with->names, without->names);
  EXPECT_EQ(with->Get("TcpB"), 2u);
}

TEST(CounterParser, FewerTablesThanBeforeIsAnotherLayout) {
  CounterParser parser;
  ASSERT_TRUE(parser.Parse("Tcp: A B\nTcp: 1 2\nUdp: C\nUdp: 3\n").ok());
  const auto fewer = parser.Parse("Tcp: A B\nTcp: 1 2\n");
  ASSERT_TRUE(fewer.ok()) << fewer.status();
  EXPECT_EQ(fewer->Get("UdpC"), std::nullopt);
  EXPECT_EQ(fewer->Get("TcpB"), 2u);
}

TEST(CounterParser, RejectsWhatIsNoPairOfLines) {
  CounterParser parser;
  const auto counters = parser.Parse("Tcp: A B\nUdp: 1 2\n");
  ASSERT_EQ(counters.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(counters.status().message(), HasSubstr("Tcp: A B"));
}

TEST(CounterParser, RejectsTooFewAndTooManyValues) {
  CounterParser parser;
  EXPECT_THAT(parser.Parse("Tcp: A B\nTcp: 1\n").status().message(), HasSubstr("2 names, 1 values"));
  EXPECT_THAT(parser.Parse("Tcp: A\nTcp: 1 2\n").status().message(), HasSubstr("1 names, 2 values"));
}

TEST(CounterParser, RejectsWordsAndNegativeCounters) {
  CounterParser parser;
  EXPECT_THAT(parser.Parse("Tcp: A\nTcp: x1\n").status().message(), HasSubstr("not a number"));
  EXPECT_THAT(parser.Parse("Udp: A\nUdp: -1\n").status().message(), HasSubstr("not a number"));
}

TEST(ParseSockstat, ReadsBothFiles) {
  model::SocketCounts counts;
  ASSERT_TRUE(
      ParseSockstat("sockets: used 1\nTCP: inuse 4 orphan 1 tw 88 alloc 9 mem 69\nUDP: inuse 2 mem 0\n",
                    &counts)
          .ok());
  ASSERT_TRUE(ParseSockstat("TCP6: inuse 3\nUDP6: inuse 0\n", &counts).ok());
  EXPECT_EQ(counts.tcp_in_use, 4u);
  EXPECT_EQ(counts.orphans, 1u);
  EXPECT_EQ(counts.time_wait, 88u);
  EXPECT_EQ(counts.tcp_memory_pages, 69u);
  EXPECT_EQ(counts.tcp6_in_use, 3u);
  EXPECT_EQ(counts.udp_in_use, 2u);
}

TEST(ParseSockstat, WhatIsMissingStaysAbsent) {
  model::SocketCounts counts;
  ASSERT_TRUE(ParseSockstat("TCP: inuse 4\n", &counts).ok());
  EXPECT_EQ(counts.time_wait, std::nullopt);
}

TEST(ParseSockstat, RejectsWords) {
  model::SocketCounts counts;
  EXPECT_EQ(ParseSockstat("TCP: inuse x\n", &counts).code(), absl::StatusCode::kInvalidArgument);
}

constexpr char kTcpHeader[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

TEST(ParseTcpTable, TakesListenersOnly) {
  const auto listeners =
      ParseTcpTable(absl::StrCat(kTcpHeader,
                                 "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000006 00:00000000 "
                                 "00000000  1000        0 37321 1 0 100 0 0 10 0\n"
                                 "   1: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 "
                                 "00000000     0        0 37322 1 0 20 4 30 10 -1\n"));
  ASSERT_TRUE(listeners.ok()) << listeners.status();
  ASSERT_EQ(listeners->size(), 1u);
  const model::ListenerReading& listener = listeners->front();
  EXPECT_EQ(model::ToString(listener.address), "127.0.0.1");
  EXPECT_EQ(listener.port, 8080);
  EXPECT_EQ(listener.queue, 6u);
  EXPECT_EQ(listener.uid, 1000u);
  EXPECT_EQ(listener.inode, 37321u);
  EXPECT_EQ(listener.limit, std::nullopt);
  EXPECT_EQ(listener.sk_drops, std::nullopt);
}

TEST(ParseTcpTable, ReadsIpv6Words) {
  const auto listeners =
      ParseTcpTable(absl::StrCat(kTcpHeader,
                                 "   0: 000080FE00000000FF7C50720CC3B6FE:0050 "
                                 "00000000000000000000000000000000:0000 0A 00000000:00000000 "
                                 "00:00000000 00000000     0        0 5 1 0 100 0 0 10 0\n"));
  ASSERT_TRUE(listeners.ok()) << listeners.status();
  ASSERT_EQ(listeners->size(), 1u);
  EXPECT_EQ(model::ToString(listeners->front().address), "fe80::7250:7cff:feb6:c30c");
}

TEST(ParseTcpTable, RejectsADamagedLine) {
  const auto listeners = ParseTcpTable(absl::StrCat(kTcpHeader, "   0: 0100007F 00000000:0000 0A 0:0\n"));
  EXPECT_EQ(listeners.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace listenq::collect
