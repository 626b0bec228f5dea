#include "aggregator/metrics/metrics_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/aggregator/metrics/metrics_rows.h"

namespace listenq::aggregator {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kQueue[] =
    R"(listenq_listener_queue{node="node-1",namespace="shop",pod="web",container="nginx",port="80"})";
constexpr char kLimit[] =
    R"(listenq_listener_queue_limit{node="node-1",namespace="shop",pod="web",container="nginx",port="80"})";
constexpr char kPeak[] =
    R"(listenq_listener_queue_peak{node="node-1",namespace="shop",pod="web",container="nginx",port="80"})";
constexpr char kListenDrops[] =
    R"(listenq_netstat_TcpExt_ListenDrops{node="node-1",namespace="shop",pod="web"})";
constexpr char kWorkload[] =
    R"(listenq_workload_listen_drops_total{node="node-1",namespace="shop",workload="Deployment web"})";
constexpr char kUnattributed[] =
    R"(listenq_listen_drops_unattributed_total{node="node-1",namespace="shop",pod="web"})";

std::string Drops(const std::string& cause, const std::string& port = "80") {
  return absl::StrCat(
      R"(listenq_listener_listen_drops_total{node="node-1",namespace="shop",pod="web",container="nginx",port=")",
      port, R"(",cause=")", cause, R"("})");
}

class MetricsStateTest : public ::testing::Test {
 protected:
  // A poll five seconds after the last one.
  Poll Next() {
    now_ += absl::Seconds(5);
    return Poll(now_);
  }
  absl::Time Give(const Poll& poll) { return Apply(poll, now_, &state_); }
  std::string Scrape() { return state_.Text(now_, /*scrape=*/true); }
  // As seen when a series is no longer new.
  std::string LaterScrape() {
    for (int i = 0; i < limits_.zero_scrapes; ++i) Scrape();
    return Scrape();
  }
  // The web pod with one listener, and these of its namespace's drops.
  Poll Web(uint64_t listen_drops) {
    Poll poll = Next();
    poll.AddNamespace(1, PodNamed("web"), {{"TcpExtListenDrops", listen_drops}});
    poll.AddListener(1, PodNamed("web"), 80, 3, 128);
    return poll;
  }

  absl::Time now_ = kStart;
  MetricsLimits limits_;
  MetricsState state_;
};

TEST_F(MetricsStateTest, EverySeriesOfAListenerIsThereAtItsFirstSight) {
  Give(Web(17));
  const std::string text = Scrape();
  EXPECT_EQ(ValueOf(text, kQueue), 3);
  EXPECT_EQ(ValueOf(text, kLimit), 128);
  EXPECT_EQ(ValueOf(text, kPeak), 3);
  for (const char* cause : {"accept_queue_full", "syn_queue_full", "probably_syn_queue", "other"}) {
    EXPECT_EQ(ValueOf(text, Drops(cause)), 0) << cause;
  }
  EXPECT_EQ(ValueOf(text, kListenDrops), 0);
  EXPECT_EQ(ValueOf(text, kWorkload), 0);
  EXPECT_EQ(ValueOf(text, kUnattributed), 0);
}

TEST_F(MetricsStateTest, WhatWasCountedBeforeTheFirstPollIsNotCounted) {
  Poll poll = Web(17);
  poll.AddEpisode(1, 1, PodNamed("web"), Overflows(17), {{80, 17}});
  Give(poll);
  Poll next = Web(19);
  next.AddEpisode(1, 1, PodNamed("web"), Overflows(19), {{80, 19}});
  Give(next);
  const std::string text = LaterScrape();
  EXPECT_EQ(ValueOf(text, kListenDrops), 2);
  EXPECT_EQ(ValueOf(text, kWorkload), 2);
  EXPECT_EQ(ValueOf(text, Drops("accept_queue_full")), 2);
}

TEST_F(MetricsStateTest, APodThatCameLaterCountsFromZero) {
  Give(Next());
  Poll poll = Web(5);
  poll.AddEpisode(1, 1, PodNamed("web"), Overflows(4), {{80, 4}});
  Give(poll);
  const std::string text = LaterScrape();
  EXPECT_EQ(ValueOf(text, kListenDrops), 5);
  EXPECT_EQ(ValueOf(text, Drops("accept_queue_full")), 4);
}

// Both start together when a node boots or is upgraded: old counts are no new drops.
TEST_F(MetricsStateTest, WhatAStartingAgentFindsNextIsNotNew) {
  Poll starting = Next();
  starting.node.mutable_status()->set_state(v1::NODE_STATE_STARTING);
  Give(starting);
  Give(Web(12345));
  EXPECT_EQ(ValueOf(LaterScrape(), kListenDrops), 0);
  Give(Web(12346));
  EXPECT_EQ(ValueOf(LaterScrape(), kListenDrops), 1);
}

TEST_F(MetricsStateTest, ANewSeriesIsZeroInItsFirstTwoScrapes) {
  Give(Next());
  Poll poll = Web(5);
  poll.AddEpisode(1, 1, PodNamed("web"), Overflows(5), {{80, 5}});
  Give(poll);
  for (int i = 0; i < 2; ++i) {
    const std::string text = Scrape();
    EXPECT_EQ(ValueOf(text, Drops("accept_queue_full")), 0);
    EXPECT_EQ(ValueOf(text, kListenDrops), 0);
    EXPECT_EQ(ValueOf(text, kWorkload), 0);
  }
  // Somebody who only looks is no scrape.
  state_.Text(now_, /*scrape=*/false);
  const std::string text = Scrape();
  EXPECT_EQ(ValueOf(text, Drops("accept_queue_full")), 5);
  EXPECT_EQ(ValueOf(text, kListenDrops), 5);
  EXPECT_EQ(ValueOf(text, kWorkload), 5);
}

TEST_F(MetricsStateTest, CountersNeverFallWhenAPodIsReplaced) {
  Give(Web(0));
  Give(Web(6));
  EXPECT_EQ(ValueOf(LaterScrape(), kListenDrops), 6);
  // Another namespace under the same name, as of a StatefulSet.
  Poll poll = Next();
  poll.AddNamespace(2, PodNamed("web"), {{"TcpExtListenDrops", 1}});
  Give(poll);
  EXPECT_EQ(ValueOf(LaterScrape(), kListenDrops), 7);
  EXPECT_EQ(ValueOf(LaterScrape(), kWorkload), 7);
}

TEST_F(MetricsStateTest, WithoutCookiesANumberThatWentDownHasBegunAnew) {
  for (const uint64_t drops : {10, 12, 3}) {
    Poll poll = Next();
    poll.AddNamespace(1, PodNamed("web"), {{"TcpExtListenDrops", drops}}).mutable_netns()->clear_cookie();
    Give(poll);
  }
  EXPECT_EQ(ValueOf(LaterScrape(), kListenDrops), 5);
}

TEST_F(MetricsStateTest, ANamespaceThatGetsItsCookieLaterIsTheSame) {
  Poll poll = Next();
  poll.AddNamespace(1, PodNamed("web"), {}).mutable_netns()->clear_cookie();
  Give(poll);
  Give(Web(40));
  Give(Web(41));
  EXPECT_EQ(ValueOf(LaterScrape(), kListenDrops), 1);
}

TEST_F(MetricsStateTest, AnAgentThatRestartsCountsOn) {
  Poll before = Web(2);
  before.node.mutable_cost()->mutable_cpu_time()->set_seconds(100);
  before.AddEpisode(1, 1, PodNamed("web"), Overflows(2), {{80, 2}});
  Give(before);
  Poll after = Web(5);
  after.node.mutable_start_time()->set_seconds(absl::ToUnixSeconds(now_));
  after.node.mutable_cost()->mutable_cpu_time()->set_seconds(3);
  // An episode of its own, under a number that was there before.
  after.AddEpisode(1, 1, PodNamed("web"), Overflows(1), {{80, 1}});
  Give(after);
  const std::string text = LaterScrape();
  EXPECT_EQ(ValueOf(text, kListenDrops), 3);
  EXPECT_EQ(ValueOf(text, Drops("accept_queue_full")), 1);
  EXPECT_EQ(ValueOf(text, R"(listenq_agent_cpu_seconds_total{node="node-1"})"), 3);
}

TEST_F(MetricsStateTest, CausesAreSaidAsFarAsTheyAreCertain) {
  Give(Web(0));
  Poll poll = Web(10);
  poll.AddListener(1, PodNamed("web"), 81, 0, 128);
  // Ten in the interval, eight of them overflows: of seven at port 80 at least five are.
  poll.AddEpisode(1, 1, PodNamed("web"), Overflows(8, 2), {{80, 7}, {81, 1}});
  Give(poll);
  const std::string text = LaterScrape();
  EXPECT_EQ(ValueOf(text, Drops("accept_queue_full")), 5);
  EXPECT_EQ(ValueOf(text, Drops("other")), 2);
  EXPECT_EQ(ValueOf(text, Drops("other", "81")), 1);
  EXPECT_EQ(ValueOf(text, kUnattributed), 2);
}

TEST_F(MetricsStateTest, APodThatLivedBetweenTwoPollsIsCounted) {
  Give(Next());
  Poll poll = Next();
  poll.AddNamespace(1, PodNamed("web"), {{"TcpExtListenDrops", 4}}).mutable_ended_time();
  poll.AddEpisode(1, 1, PodNamed("web"), Overflows(4), {{80, 4}});
  Give(poll);
  const std::string text = LaterScrape();
  EXPECT_EQ(ValueOf(text, kListenDrops), 4);
  EXPECT_EQ(ValueOf(text, Drops("accept_queue_full")), 4);
  EXPECT_EQ(ValueOf(text, kWorkload), 4);
  EXPECT_EQ(ValueOf(text, kQueue), std::nullopt) << "no gauge of what is gone";
}

TEST_F(MetricsStateTest, WhatHadEndedBeforeTheFirstPollHasNoSeries) {
  Poll poll = Next();
  poll.AddNamespace(1, PodNamed("web"), {{"TcpExtListenDrops", 4}}).mutable_ended_time();
  Give(poll);
  Give(poll);
  EXPECT_THAT(LaterScrape(), Not(HasSubstr("pod=\"web\"")));
}

TEST_F(MetricsStateTest, ADeadPodsCountersStayFifteenMinutesAndItsGaugesGo) {
  Give(Web(0));
  Give(Web(6));
  LaterScrape();
  Give(Next());
  const std::string text = Scrape();
  EXPECT_EQ(ValueOf(text, kListenDrops), 6);
  EXPECT_EQ(ValueOf(text, Drops("accept_queue_full")), 0);
  EXPECT_EQ(ValueOf(text, kQueue), std::nullopt);
  now_ += absl::Minutes(14);
  Give(Next());
  EXPECT_EQ(ValueOf(Scrape(), kListenDrops), 6);
  now_ += absl::Minutes(1);
  Give(Next());
  const std::string later = Scrape();
  EXPECT_THAT(later, Not(HasSubstr("pod=\"web\"")));
  EXPECT_EQ(ValueOf(later, kWorkload), 6) << "a workload's stays";
}

TEST_F(MetricsStateTest, AWorkloadThatNeverLostAnythingGoesWithItsLastPod) {
  Give(Web(0));
  now_ += absl::Minutes(16);
  Give(Next());
  now_ += absl::Minutes(16);
  Give(Next());
  EXPECT_THAT(Scrape(), Not(HasSubstr("Deployment web")));
}

TEST_F(MetricsStateTest, SocketsOfOnePortAreOneSeries) {
  Poll poll = Next();
  poll.AddListener(1, PodNamed("web"), 80, 5, 128).set_cookie(1);
  poll.AddListener(1, PodNamed("web"), 80, 90, 511).set_cookie(2);
  poll.AddListener(1, PodNamed("web"), 80, 1, std::nullopt).set_cookie(3);
  Give(poll);
  Poll next = Next();
  next.listeners = poll.listeners;
  Poll drops = next;
  v1::DropEpisode& episode = drops.AddEpisode(1, 1, PodNamed("web"), Overflows(3), {{80, 1}});
  episode.mutable_shares(0)->set_cookie(1);
  *episode.add_shares() = episode.shares(0);
  episode.mutable_shares(1)->set_cookie(2);
  episode.mutable_shares(1)->mutable_drops()->set_min(2);
  Give(drops);
  const std::string text = LaterScrape();
  EXPECT_EQ(ValueOf(text, kQueue), 90) << "the highest";
  EXPECT_EQ(ValueOf(text, kLimit), 128) << "the lowest";
  EXPECT_EQ(ValueOf(text, Drops("accept_queue_full")), 3) << "the sum";
}

TEST_F(MetricsStateTest, APollThatFailsLeavesWhatWasShown) {
  Give(Web(0));
  Poll poll = Next();
  poll.AddListener(1, PodNamed("web"), 80, 99, 128);
  poll.failure = "node-1: unreachable: nobody";
  Give(poll);
  const std::string text = Scrape();
  EXPECT_EQ(ValueOf(text, kQueue), 3);
  EXPECT_EQ(ValueOf(text, absl::StrCat("listenq_peer_up{peer=\"", kPeer, "\"}")), 0);
  EXPECT_EQ(ValueOf(text, absl::StrCat("listenq_peer_polls_total{peer=\"", kPeer, "\",result=\"failed\"}")),
            1);
  Give(Web(0));
  EXPECT_EQ(ValueOf(Scrape(), kQueue), 3);
  EXPECT_EQ(ValueOf(Scrape(), absl::StrCat("listenq_peer_up{peer=\"", kPeer, "\"}")), 1);
}

TEST_F(MetricsStateTest, ANodeThatDidNotAnswerToTheEndFailsThePollAndLeavesTheOthers) {
  MetricsState state;
  Poll first(kStart, "node-1");
  first.AddListener(1, PodNamed("web"), 80, 3, 128);
  Apply(first, kStart, &state);
  Poll second(kStart, "node-1");
  second.AddListener(1, PodNamed("web"), 80, 7, 128);
  v1::NodeStatus& silent = second.statuses.emplace_back();
  silent.set_node_name("node-2");
  silent.set_state(v1::NODE_STATE_UNAVAILABLE);
  silent.set_message("unreachable: nobody");
  Apply(second, kStart, &state);
  EXPECT_EQ(ValueOf(state.Text(kStart, false), absl::StrCat("listenq_peer_up{peer=\"", kPeer, "\"}")), 0);
  EXPECT_EQ(ValueOf(state.Text(kStart, false), kQueue), 7) << "node-1 answered in full";
  silent.set_node_name("node-1");
  second.listeners[0].set_queue(9);
  Apply(second, kStart, &state);
  EXPECT_EQ(ValueOf(state.Text(kStart, false), kQueue), 7) << "what came of it may be a part";
  EXPECT_EQ(state.WhyNotReady(kStart + absl::Minutes(1)), "node-1: unreachable: nobody");
  Apply(first, kStart, &state);
  EXPECT_EQ(ValueOf(state.Text(kStart, false), absl::StrCat("listenq_peer_up{peer=\"", kPeer, "\"}")), 1);
  EXPECT_EQ(ValueOf(state.Text(kStart, false), kQueue), 3);
}

TEST_F(MetricsStateTest, GaugesOfASilentNodeGoAndItsCountersStay) {
  Give(Web(0));
  Give(Web(6));
  LaterScrape();
  now_ += absl::Seconds(20);
  const std::string text = Scrape();
  EXPECT_EQ(ValueOf(text, kQueue), std::nullopt);
  EXPECT_EQ(ValueOf(text, kListenDrops), 6);
  EXPECT_EQ(ValueOf(text, R"(listenq_node_snapshot_age_seconds{node="node-1"})"), 21);
}

TEST_F(MetricsStateTest, AsksForEpisodesSinceAMinuteBeforeTheLastGoodPoll) {
  const absl::Time first = Give(Next());
  EXPECT_EQ(first, now_ - absl::Seconds(61));
  Poll poll = Next();
  poll.failure = "broken off";
  EXPECT_EQ(Give(poll), first);
  EXPECT_EQ(Give(Next()), first);
  EXPECT_EQ(Give(Next()), first + absl::Seconds(10));
}

TEST_F(MetricsStateTest, SysctlsAndSocketsAreGauges) {
  Poll poll = Next();
  v1::Namespace& row = poll.AddNamespace(1, PodNamed("web"), {{"TcpCurrEstab", 8}});
  (*row.mutable_sysctls())["net.core.somaxconn"].set_value("4096");
  (*row.mutable_sysctls())["net.ipv4.ip_local_port_range"].set_value("32768 60999");
  (*row.mutable_sysctls())["net.ipv4.tcp_syncookies"].set_unreadable_reason("no such file");
  row.set_in_use(12);
  row.set_time_wait(3);
  Give(poll);
  const std::string text = Scrape();
  const std::string pod = R"({node="node-1",namespace="shop",pod="web")";
  EXPECT_EQ(ValueOf(text, "listenq_sysctl_net_core_somaxconn" + pod + "}"), 4096);
  EXPECT_EQ(ValueOf(text, "listenq_sysctl_net_ipv4_ip_local_port_range" + pod + ",index=\"0\"}"), 32768);
  EXPECT_EQ(ValueOf(text, "listenq_sysctl_net_ipv4_ip_local_port_range" + pod + ",index=\"1\"}"), 60999);
  EXPECT_EQ(ValueOf(text, "listenq_sockstat_TCP_inuse" + pod + "}"), 12);
  EXPECT_EQ(ValueOf(text, "listenq_sockstat_TCP_tw" + pod + "}"), 3);
  EXPECT_EQ(ValueOf(text, "listenq_netstat_Tcp_CurrEstab" + pod + "}"), 8);
  EXPECT_THAT(text, Not(HasSubstr("tcp_syncookies")));
  EXPECT_THAT(text, Not(HasSubstr("TCP6_inuse")));
}

TEST_F(MetricsStateTest, WithoutAPodTheContainerOrTheNamespacesNameIsTheLabel) {
  Poll poll = Next();
  v1::Owner docker;
  docker.set_container("db");
  poll.AddNamespace(1, docker, {{"TcpExtListenDrops", 0}});
  poll.AddNamespace(2, v1::Owner(), {{"TcpExtListenDrops", 0}}).mutable_netns()->set_host(true);
  poll.AddNamespace(3, v1::Owner(), {{"TcpExtListenDrops", 0}}).mutable_netns()->add_names("blue");
  poll.AddNamespace(4, v1::Owner(), {{"TcpExtListenDrops", 0}});
  poll.AddListener(2, v1::Owner(), 22, 0, 128).mutable_netns()->set_host(true);
  poll.AddListener(2, PodNamed("proxy"), 10256, 0, 128).mutable_netns()->set_host(true);
  Give(poll);
  const std::string text = Scrape();
  const std::string family = "listenq_netstat_TcpExt_ListenDrops{node=\"node-1\",";
  EXPECT_EQ(ValueOf(text, family + "container=\"db\"}"), 0);
  EXPECT_EQ(ValueOf(text, family + "netns=\"host\"}"), 0);
  EXPECT_EQ(ValueOf(text, family + "netns=\"blue\"}"), 0);
  EXPECT_EQ(ValueOf(text, family + "netns=\"net:[4026530004]\"}"), 0);
  EXPECT_EQ(ValueOf(text, R"(listenq_listener_queue{node="node-1",netns="host",port="22"})"), 0);
  EXPECT_EQ(
      ValueOf(
          text,
          R"(listenq_listener_queue{node="node-1",namespace="shop",pod="proxy",container="nginx",port="10256"})"),
      0);
}

TEST(MetricsBounds, APodWithTooManyPortsLosesItsOwnDetailAlone) {
  MetricsState state({.listeners_of_namespace = 2});
  for (int i = 1; i <= 2; ++i) {
    const absl::Time now = kStart + i * absl::Seconds(5);
    Poll poll(now);
    for (uint32_t port = 1; port <= 5; ++port) poll.AddListener(1, PodNamed("odd"), port, port, 128);
    poll.AddListener(2, PodNamed("web"), 80, 3, 128);
    if (i == 2) poll.AddEpisode(1, 1, PodNamed("odd"), Overflows(9), {{4, 4}, {5, 5}});
    Apply(poll, now, &state);
  }
  const absl::Time now = kStart + absl::Seconds(10);
  for (int i = 0; i < 2; ++i) state.Text(now, /*scrape=*/true);
  const std::string text = state.Text(now, /*scrape=*/true);
  EXPECT_EQ(ValueOf(text, kQueue), 3);
  const std::string odd = R"({node="node-1",namespace="shop",pod="odd",container="overflow",port="overflow")";
  EXPECT_EQ(ValueOf(text, absl::StrCat("listenq_listener_queue", odd, "}")), 5);
  EXPECT_EQ(ValueOf(text, absl::StrCat("listenq_listener_listen_drops_total", odd,
                                       ",cause=\"accept_queue_full\"}")),
            9);
  EXPECT_EQ(ValueOf(text, R"(listenq_series_dropped_total{node="node-1",kind="listener"})"), 6)
      << "three in each poll";
}

TEST(MetricsBounds, ListenersBeyondTheNodesBoundAreOneSeries) {
  MetricsState state({.listeners = 1, .namespaces = 1, .workloads = 1});
  Poll poll(kStart);
  for (uint32_t i = 1; i <= 3; ++i) {
    v1::Owner owner = PodNamed(absl::StrCat("web-", i));
    owner.set_workload(absl::StrCat("Deployment ", i));
    poll.AddNamespace(i, owner, {{"TcpExtListenDrops", 0}});
    poll.AddListener(i, owner, 80, i, 128);
  }
  Apply(poll, kStart, &state);
  const std::string text = state.Text(kStart, /*scrape=*/true);
  const std::string all = R"({node="node-1",namespace="overflow",pod="overflow")";
  EXPECT_EQ(
      ValueOf(text, absl::StrCat("listenq_listener_queue", all, R"(,container="overflow",port="overflow"})")),
      3);
  EXPECT_EQ(ValueOf(text, absl::StrCat("listenq_netstat_TcpExt_ListenDrops", all, "}")), 0);
  EXPECT_EQ(
      ValueOf(
          text,
          R"(listenq_workload_listen_drops_total{node="node-1",namespace="overflow",workload="overflow"})"),
      0);
  EXPECT_THAT(text, Not(HasSubstr("web-2")));
  for (const char* kind : {"listener", "pod", "workload"}) {
    EXPECT_EQ(
        ValueOf(text, absl::StrCat(R"(listenq_series_dropped_total{node="node-1",kind=")", kind, "\"}")), 2)
        << kind;
  }
}

TEST(MetricsHooks, WhatIsNotGivenHasNoFamily) {
  MetricsState without;
  EXPECT_THAT(without.Text(kStart, false), Not(HasSubstr("listenq_tls")));
  MetricsState with({}, {.certificate_not_after = [] { return kStart; },
                         .refused_handshakes = [] { return 4; },
                         .failed_handshakes = [] { return 5; }});
  const std::string text = with.Text(kStart, false);
  EXPECT_EQ(ValueOf(text, "listenq_tls_certificate_not_after_timestamp_seconds"), 1.7e9);
  EXPECT_EQ(ValueOf(text, "listenq_tls_refused_handshakes_total"), 4);
  EXPECT_EQ(ValueOf(text, "listenq_tls_failed_handshakes_total"), 5);
}

TEST(MetricsReadiness, SaysWhyNot) {
  MetricsState state;
  EXPECT_EQ(state.WhyNotReady(kStart), "no peer");
  state.SetPeers({}, "read peers /p: No such file");
  EXPECT_EQ(state.WhyNotReady(kStart), "no peer: read peers /p: No such file");
  state.SetPeers({kPeer}, "");
  EXPECT_EQ(state.WhyNotReady(kStart), "no peer was asked yet");
  Poll starting(kStart);
  starting.node.mutable_status()->set_state(v1::NODE_STATE_STARTING);
  starting.node.mutable_status()->set_message("starting: not every network namespace was read yet");
  Apply(starting, kStart, &state);
  EXPECT_EQ(state.WhyNotReady(kStart), "node-1: starting: not every network namespace was read yet");
  Apply(Poll(kStart), kStart, &state);
  EXPECT_EQ(state.WhyNotReady(kStart), "");
  EXPECT_EQ(state.WhyNotReady(kStart + absl::Seconds(14)), "");
  EXPECT_EQ(state.WhyNotReady(kStart + absl::Seconds(39)), "node-1: the snapshot is 40s old");
  Poll failed(kStart);
  failed.failure = "node-1: unreachable: No such file";
  state.EndPoll(kPeer, failed.failure, kStart + absl::Seconds(39));
  EXPECT_EQ(state.WhyNotReady(kStart + absl::Seconds(39)), "node-1: unreachable: No such file");
}

TEST(MetricsReadiness, OneFreshNodeIsEnough) {
  MetricsState state;
  Apply(Poll(kStart, "node-1"), kStart, &state);
  Apply(Poll(kStart + absl::Minutes(1), "node-2"), kStart + absl::Minutes(1), &state);
  EXPECT_EQ(state.WhyNotReady(kStart + absl::Minutes(1)), "");
}

}  // namespace
}  // namespace listenq::aggregator
