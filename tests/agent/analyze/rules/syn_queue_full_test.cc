#include "agent/analyze/rules/syn_queue_full.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/analyze/rules/world.h"

namespace listenq::analyze {
namespace {

using model::LimitState;
using model::Severity;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

World WithCookies(const std::string& syncookies) {
  World world;
  world.SetOwner(PodOwner());
  world.ns->sysctls =
      SysctlsWith({{"net.ipv4.tcp_syncookies", syncookies}, {"net.ipv4.tcp_max_syn_backlog", "1024"}});
  world.AddListener(1, LimitState::kApplication);
  return world;
}

TEST(SynQueueFull, DropsWithoutCookiesAreLosses) {
  World world = WithCookies("0");
  world.AddEpisode({.syn_queue_full = 5}, 10, {Share(1, 5, 5)});
  const auto findings = world.Find(kSynQueueFull);
  ASSERT_THAT(findings, SizeIs(1));
  const model::Finding& finding = findings[0];
  EXPECT_EQ(finding.severity, Severity::kCritical);
  EXPECT_EQ(finding.listener, &world.ns->listeners[0]);
  EXPECT_EQ(finding.since, At(kNow - 70));
  EXPECT_EQ(EvidenceValue(finding, "TcpExtTCPReqQFullDrop"), "5");
  EXPECT_EQ(EvidenceValue(finding, "net.ipv4.tcp_syncookies"), "0");
  EXPECT_THAT(finding.explanation, HasSubstr("5 attempts were refused silently"));
  EXPECT_THAT(finding.fix, HasSubstr("{name: net.ipv4.tcp_syncookies, value: \"1\"}"));
  EXPECT_THAT(finding.no_help, HasSubstr("tcp_max_syn_backlog"));
}

TEST(SynQueueFull, WhatIsOverIsAWarning) {
  World world = WithCookies("0");
  world.AddEpisode({.syn_queue_full = 5}, 100, {Share(1, 5, 5)});
  EXPECT_EQ(world.Find(kSynQueueFull)[0].severity, Severity::kWarning);
}

TEST(SynQueueFull, SeveralThatMayHaveLostThemNameNoListener) {
  World world = WithCookies("0");
  world.AddListener(2, LimitState::kApplication);
  world.AddEpisode({.syn_queue_full = 5}, 10, {Share(1, 0, 5), Share(2, 0, 5)});
  EXPECT_EQ(world.Find(kSynQueueFull)[0].listener, nullptr);
  // Exactly known, and still two.
  world.episodes.clear();
  world.AddEpisode({.syn_queue_full = 5}, 10, {Share(1, 3, 3), Share(2, 2, 2)});
  EXPECT_EQ(world.Find(kSynQueueFull)[0].listener, nullptr);
  // One that was closed may have lost them.
  world.episodes.clear();
  world.AddEpisode({.syn_queue_full = 5}, 10, {Share(1, 0, 5)});
  EXPECT_EQ(world.Find(kSynQueueFull)[0].listener, nullptr);
}

TEST(SynQueueFull, RestWithoutCookiesIsProbablyTcpMaxSynBacklog) {
  World world = WithCookies("0");
  world.AddEpisode({.probably_syn_queue = 13}, 10, {Share(1, 13, 13)});
  const auto findings = world.Find(kSynQueueFull);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtListenDrops beyond TcpExtListenOverflows"), "13");
  EXPECT_EQ(EvidenceValue(findings[0], "net.ipv4.tcp_max_syn_backlog"), "1024");
  EXPECT_THAT(findings[0].explanation, HasSubstr("probably"));
  EXPECT_THAT(findings[0].fix, HasSubstr("{name: net.ipv4.tcp_max_syn_backlog, value: \"4096\"}"));
}

TEST(SynQueueFull, CookiesAreNoLoss) {
  World world = WithCookies("1");
  world.SetIncreases(
      {{"TcpExtSyncookiesSent", 6}, {"TcpExtSyncookiesRecv", 4}, {"TcpExtSyncookiesFailed", 0}});
  const auto findings = world.Find(kSynQueueFull);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].severity, Severity::kInfo);
  EXPECT_EQ(findings[0].listener, nullptr);
  EXPECT_EQ(findings[0].since, At(kNow - 600));
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtSyncookiesSent"), "6");
  EXPECT_EQ(EvidenceValue(findings[0], "TcpExtSyncookiesRecv"), "4");
  EXPECT_THAT(findings[0].explanation, HasSubstr("4 of them came back"));
}

// Each repeat of a segment with a cookie counts.
TEST(SynQueueFull, CookiesMayComeBackMoreOftenThanTheyWereSent) {
  World world = WithCookies("1");
  world.SetIncreases({{"TcpExtSyncookiesSent", 143}, {"TcpExtSyncookiesRecv", 1357}});
  const auto findings = world.Find(kSynQueueFull);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].explanation,
              HasSubstr("They came back 1357 times: more often than they were sent"));
}

TEST(SynQueueFull, ManyCookiesAreAWarning) {
  World world = WithCookies("1");
  world.SetIncreases({{"TcpExtSyncookiesSent", 100}});
  EXPECT_EQ(world.Find(kSynQueueFull)[0].severity, Severity::kWarning);
}

// tcp_syncookies=2 answers every SYN by a cookie.
TEST(SynQueueFull, SilentWhenCookiesAreForAll) {
  World world = WithCookies("2");
  world.SetIncreases({{"TcpExtSyncookiesSent", 1000}});
  EXPECT_THAT(world.Find(kSynQueueFull), IsEmpty());
}

// The SYN queue asked for cookies, but the accept queue was full too.
TEST(SynQueueFull, SilentWhenNoCookieWasSent) {
  World world = WithCookies("1");
  world.SetIncreases({{"TcpExtSyncookiesSent", 0}, {"TcpExtTCPReqQFullDoCookies", 6}});
  world.AddEpisode({.accept_queue_full = 6}, 10, {Share(1, 6, 6, 129)});
  EXPECT_THAT(world.Find(kSynQueueFull), IsEmpty());
}

TEST(SynQueueFull, SilentForOtherCauses) {
  World world = WithCookies("1");
  world.AddEpisode({.other = 4}, 10, {Share(1, 4, 4)});
  EXPECT_THAT(world.Find(kSynQueueFull), IsEmpty());
}

}  // namespace
}  // namespace listenq::analyze
