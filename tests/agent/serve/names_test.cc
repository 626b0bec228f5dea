#include "agent/serve/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "agent/model/sysctl.h"

namespace listenq::serve {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<std::string> SysctlNames(const std::vector<std::string>& wanted) {
  const auto positions = SelectSysctls(wanted);
  EXPECT_TRUE(positions.ok()) << positions.status();
  std::vector<std::string> names;
  for (const size_t position : *positions) names.emplace_back(model::SysctlTable()[position].name);
  return names;
}

std::vector<std::string> CounterNamesOf(std::vector<std::string> patterns, std::vector<std::string> columns) {
  const auto names = std::make_shared<const model::CounterNames>(std::move(columns));
  CounterSelection selection(std::move(patterns));
  std::vector<std::string> chosen;
  for (const size_t position : selection.In(names)) chosen.push_back(names->names()[position]);
  return chosen;
}

TEST(SelectSysctls, TakesNamesAndGlobsOnceEach) {
  EXPECT_THAT(SysctlNames({"net.ipv4.tcp_syncookies", "net.core.somaxconn", "net.core.somax*"}),
              ElementsAre("net.core.somaxconn", "net.ipv4.tcp_syncookies"));
  EXPECT_THAT(SysctlNames({"net.core.*"}), Each(StartsWith("net.core.")));
  EXPECT_TRUE(SelectSysctls({})->empty());
}

TEST(SelectSysctls, SuggestsTheNearestName) {
  EXPECT_EQ(SelectSysctls({"net.core.somaxcon"}).status(),
            absl::InvalidArgumentError("unknown sysctl net.core.somaxcon; did you mean net.core.somaxconn? "
                                       "`listenq sysctls` lists what is read"));
}

TEST(SelectSysctls, SuggestsNothingFarAway) {
  EXPECT_EQ(SelectSysctls({"vm.swappiness"}).status(),
            absl::InvalidArgumentError("unknown sysctl vm.swappiness; `listenq sysctls` lists what is read"));
}

TEST(SelectSysctls, RefusesAGlobThatMatchesNothing) {
  EXPECT_THAT(std::string(SelectSysctls({"net.foo.*"}).status().message()),
              StartsWith("no sysctl matches net.foo.*;"));
}

TEST(SelectSysctls, QuotesAndShortensNonsense) {
  const std::string message(SelectSysctls({"a\n" + std::string(50000, 'x')}).status().message());
  EXPECT_LT(message.size(), 500u);
  EXPECT_THAT(message, HasSubstr("unknown sysctl \"a\\n"));
}

TEST(CounterSelection, TakesFullAndBareNames) {
  const std::vector<std::string> columns = {"TcpExtListenDrops", "TcpExtListenOverflows", "IpExtInOctets"};
  EXPECT_THAT(CounterNamesOf({"TcpExtListenDrops"}, columns), ElementsAre("TcpExtListenDrops"));
  EXPECT_THAT(CounterNamesOf({"ListenDrops"}, columns), ElementsAre("TcpExtListenDrops"));
  EXPECT_THAT(CounterNamesOf({"Listen*"}, columns),
              ElementsAre("TcpExtListenDrops", "TcpExtListenOverflows"));
  EXPECT_THAT(CounterNamesOf({"*"}, columns).size(), 3u);
}

TEST(CounterSelection, DefaultIsWhatListenersNeed) {
  EXPECT_THAT(
      CounterNamesOf({}, {"TcpActiveOpens", "TcpExtListenDrops", "TcpExtTCPHPHits", "UdpRcvbufErrors"}),
      ElementsAre("TcpActiveOpens", "TcpExtListenDrops", "UdpRcvbufErrors"));
}

TEST(CounterSelection, WhatTheKernelLacksIsNoError) {
  EXPECT_TRUE(CounterNamesOf({"TcpExtNotYetInvented"}, {"TcpExtListenDrops"}).empty());
}

TEST(CounterSelection, KeepsListsOfNamesApart) {
  const auto netstat = std::make_shared<const model::CounterNames>(
      std::vector<std::string>{"TcpExtSyncookiesSent", "TcpExtListenDrops"});
  const auto snmp = std::make_shared<const model::CounterNames>(std::vector<std::string>{"TcpListenDrops"});
  CounterSelection selection({"ListenDrops"});
  for (int round = 0; round < 3; ++round) {
    EXPECT_THAT(selection.In(netstat), ElementsAre(1u));
    EXPECT_THAT(selection.In(snmp), ElementsAre(0u));
  }
}

}  // namespace
}  // namespace listenq::serve
