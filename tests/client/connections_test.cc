#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/print.h"
#include "client/views.h"
#include "client/words.h"
#include "tests/client/rows.h"

namespace listenq::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr char kCheckout[] = R"(
  node_name: 'node-3' netns { inode: 4026532247 } owners { namespace: 'shop' pod: 'checkout-0' }
  by_state { key: 'ESTABLISHED' value: 20412 } by_state { key: 'TIME_WAIT' value: 3088 }
  by_state { key: 'SYN_RECV' value: 12 } by_state { key: 'CLOSING' value: 0 }
  syn_queues { local_address: '::' local_port: 80 syn_recv: 2 }
  syn_queues { local_address: '0.0.0.0' local_port: 8080 syn_recv: 10 }
  destinations { remote_address: 'fd00::1' remote_port: 6379 ports_in_use: 412 time_wait: 88 }
  destinations { remote_address: '10.0.7.12' remote_port: 5432 ports_in_use: 22900 time_wait: 3000 }
  ephemeral_first: 32768 ephemeral_last: 60999 reserved_ports: 32 cost { nanos: 12400000 })";
constexpr char kBlue[] = R"(
  node_name: 'node-3' netns { inode: 9 names: 'blue' } by_state { key: 'TIME_WAIT' value: 30000 }
  destinations { remote_address: '10.0.0.1' remote_port: 443 ports_in_use: 27000 }
  ephemeral_first: 32768 ephemeral_last: 60999 truncated: true cost { nanos: 600000 })";
constexpr char kHost[] = R"(node_name: 'node-3' netns { host: true } owners { namespace: 'a' pod: 'b' })";

Answer<v1::ConnectionSummary> Summaries(const std::vector<std::string>& texts) {
  Answer<v1::ConnectionSummary> answer;
  for (const std::string& text : texts) {
    answer.items.push_back({"node-3", Proto<v1::ConnectionSummary>(text)});
  }
  return answer;
}

TEST(StatesTable, HasAColumnForEachStateThatThereIs) {
  EXPECT_EQ(RenderTable(StatesTable(Summaries({kHost, kCheckout, kBlue})), {}),
            "WHERE             TOTAL  ESTABLISHED  SYN_RECV  TIME_WAIT  STATUS\n"
            "netns blue       30,000            0         0     30,000  cut\n"
            "shop/checkout-0  23,512       20,412        12      3,088  -\n"
            "netns host            0            0         0          0  -\n");
  EXPECT_EQ(RenderTable(StatesTable(Summaries({kHost})), {}),
            "WHERE       TOTAL  ESTABLISHED  TIME_WAIT\n"
            "netns host      0            0          0\n");
}

TEST(StatesTable, KeepsEstablishedWhereItIsNarrow) {
  EXPECT_EQ(RenderTable(StatesTable(Summaries({kCheckout})), {.width = 36, .headers = false}),
            "shop/checkout-0  23,512  20,412\n");
}

TEST(StatesTable, KeepsWhatThereIsMostOfWhereItIsNarrow) {
  const char* const refused = R"(netns { names: 'x' } by_state { key: 'SYN_SENT' value: 60 }
                                 by_state { key: 'CLOSING' value: 1 } by_state { key: 'ESTABLISHED' value: 5 })";
  EXPECT_EQ(RenderTable(StatesTable(Summaries({refused})), {.width = 40}),
            "WHERE    TOTAL  ESTABLISHED  SYN_SENT\n"
            "netns x     66            5        60\n");
}

TEST(SynQueuesTable, ShowsTheLongestFirst) {
  EXPECT_EQ(RenderTable(SynQueuesTable(Summaries({kHost, kCheckout})), {}),
            "WHERE            LISTEN        SYN_RECV\n"
            "shop/checkout-0  0.0.0.0:8080        10\n"
            "shop/checkout-0  [::]:80              2\n");
}

TEST(PortsTable, ShowsTheFullestDestinationFirst) {
  EXPECT_EQ(
      RenderTable(PortsTable(Summaries({kHost, kCheckout, kBlue})), {.color = true}),
      "WHERE            RANGE        RESERVED  DESTINATION     IN USE  TIME_WAIT  SHARE  STATUS\n"
      "netns blue       32768-60999         -  10.0.0.1:443    27,000          0    \x1b[31m96%\x1b[0m  cut\n"
      "shop/checkout-0  32768-60999        32  10.0.7.12:5432  22,900      3,000    \x1b[33m81%\x1b[0m  -\n"
      "shop/checkout-0  32768-60999        32  [fd00::1]:6379     412         88   1.5%  -\n"
      "netns host       -                   -  none                 0          0      -  -\n");
}

TEST(PortsTable, HasNoShareOfARangeThatIsNotKnown) {
  const auto answer =
      Summaries({"destinations { remote_address: '1.1.1.1' remote_port: 1 ports_in_use: 5 } "
                 "ephemeral_first: 9 ephemeral_last: 8"});
  EXPECT_EQ(RenderTable(PortsTable(answer), {.headers = false}), "netns 0  9-8  1.1.1.1:1  5  0\n");
}

TEST(UsablePorts, AreTheRangeWithoutTheReservedOnes) {
  EXPECT_EQ(UsablePorts(Proto<v1::ConnectionSummary>(kCheckout)), 28200U);
  EXPECT_EQ(
      UsablePorts(Proto<v1::ConnectionSummary>("ephemeral_first: 1 ephemeral_last: 2 reserved_ports: 9")),
      0U);
  EXPECT_EQ(UsablePorts(Proto<v1::ConnectionSummary>("ephemeral_first: 1")), std::nullopt);
}

TEST(StatesOf, FollowTheKernelsOrder) {
  const auto summary = Proto<v1::ConnectionSummary>(R"(
    by_state { key: 'NEW_STATE' value: 1 } by_state { key: 'CLOSE_WAIT' value: 2 }
    by_state { key: 'SYN_SENT' value: 3 } by_state { key: 'LAST_ACK' value: 0 })");
  EXPECT_THAT(StatesOf(summary),
              ElementsAre(Pair("SYN_SENT", 3U), Pair("CLOSE_WAIT", 2U), Pair("NEW_STATE", 1U)));
}

TEST(PercentText, HasADecimalWhereItMatters) {
  EXPECT_EQ(PercentText(0), "0%");
  EXPECT_EQ(PercentText(0.01), "<0.1%");
  EXPECT_EQ(PercentText(1.46), "1.5%");
  EXPECT_EQ(PercentText(9.96), "10%");
  EXPECT_EQ(PercentText(81.2), "81%");
}

TEST(WalkNote, SaysWhatItCostAndWhatWasCut) {
  EXPECT_EQ(WalkNote(Summaries({kHost})), "Walked over the connections of 1 namespace: 0.0ms of CPU time\n");
  EXPECT_EQ(WalkNote(Summaries({kCheckout, kBlue})),
            "Walked over the connections of 2 namespaces: 13.0ms of CPU time\n"
            "A bound cut the walk in 1 namespace: the numbers are at least those (--time-limit)\n");
  EXPECT_EQ(WalkNote({}), "");
}

TEST(ConnectionTables, ShowHostileBytes) {
  const auto answer = Summaries({R"(netns { names: 'x\033[2J' } destinations { remote_address: '\033' })"});
  EXPECT_THAT(RenderTable(StatesTable(answer), {}), HasSubstr("netns x\\x1b[2J"));
  EXPECT_THAT(RenderTable(PortsTable(answer), {}), HasSubstr("\\x1b:0"));
}

TEST(NameOf, NamesConnections) {
  EXPECT_EQ(NameOf(Proto<v1::ConnectionSummary>(kCheckout)), "connections/shop/checkout-0");
  EXPECT_EQ(NameOf(Proto<v1::ConnectionSummary>(kBlue)), "connections/blue");
  EXPECT_EQ(NameOf(Proto<v1::ConnectionSummary>(kHost)), "connections/host");
}

}  // namespace
}  // namespace listenq::client
