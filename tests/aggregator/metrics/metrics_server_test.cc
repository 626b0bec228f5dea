#include "aggregator/metrics/metrics_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "aggregator/peers/fleet.h"
#include "aggregator/server.h"
#include "base/address.h"
#include "tests/agent/serve/serving_view.h"
#include "tests/aggregator/metrics/http_get.h"
#include "tests/aggregator/metrics/metrics_rows.h"
#include "tests/fakes/fake_observer.h"
#include "tests/support/wait.h"

namespace listenq::aggregator {
namespace {

using serve::testing::MakeDropEvent;
using serve::testing::MakeListener;
using serve::testing::MakeNamespace;
using serve::testing::MakeSnapshot;
using serve::testing::PodOwner;
using test::Get;
using test::WaitUntil;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kDrops[] =
    R"(listenq_listener_listen_drops_total{node="node-1",namespace="shop",pod="web",container="nginx",port="80",)"
    R"(cause="accept_queue_full"})";

class MetricsServerTest : public serve::testing::Serving {
 protected:
  void StartMetrics(const std::string& node_name = "") { StartMetricsOf(socket_, node_name); }
  void StartMetricsOf(const std::string& peer, const std::string& node_name, bool rows = true) {
    auto fleet = std::make_shared<Fleet>();
    fleet->peers.push_back(
        *Peer::Make({.address = *base::ParseServerAddress(peer), .node_name = node_name}, {}));
    auto metrics = MetricsServer::Start({.listen = {.host = "127.0.0.1"},
                                         .fleet = [fleet] { return fleet; },
                                         .interval = absl::Milliseconds(20),
                                         .rows = rows});
    ASSERT_TRUE(metrics.ok()) << metrics.status();
    metrics_ = *std::move(metrics);
  }
  [[nodiscard]] test::HttpReply Ask(const std::string& path) const {
    return Get(metrics_->address().port, path);
  }
  void Publish() { view_.Publish(MakeSnapshot({Web()})); }
  static model::Namespace Web() {
    model::Namespace web = MakeNamespace(1, {PodOwner("shop", "web", "nginx", 'a')});
    web.listeners.push_back(MakeListener(80, 7, 128));
    return web;
  }

  std::unique_ptr<MetricsServer> metrics_;
};

TEST_F(MetricsServerTest, ShowsWhatTheAgentServes) {
  Publish();
  Start();
  StartMetrics();
  ASSERT_TRUE(WaitUntil([&] { return Ask("/readyz").status == 200; })) << Ask("/readyz").body;
  const test::HttpReply reply = Ask("/metrics");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.head, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8"));
  EXPECT_EQ(
      ValueOf(
          reply.body,
          R"(listenq_listener_queue{node="node-1",namespace="shop",pod="web",container="nginx",port="80"})"),
      7);
  EXPECT_EQ(ValueOf(reply.body, kDrops), 0);
  EXPECT_TRUE(view_.heated().empty()) << "a poll heats no namespace";

  view_.Recorder().AddDrops(MakeDropEvent(Web(), 80, serve::testing::kNow));
  EXPECT_TRUE(WaitUntil([&] { return ValueOf(Ask("/metrics").body, kDrops) == 1; })) << Ask("/metrics").body;
}

TEST_F(MetricsServerTest, WithoutRowsItShowsWhoAnswersAndNoMore) {
  Publish();
  Start();
  StartMetricsOf(socket_, "", false);
  ASSERT_TRUE(WaitUntil([&] { return Ask("/readyz").status == 200; })) << Ask("/readyz").body;
  const std::string polled =
      absl::StrCat("listenq_peer_polls_total{peer=\"unix://", socket_, "\",result=\"ok\"}");
  ASSERT_TRUE(WaitUntil([&] { return ValueOf(Ask("/metrics").body, polled) > 1; })) << Ask("/metrics").body;
  const std::string body = Ask("/metrics").body;
  EXPECT_EQ(ValueOf(body, absl::StrCat("listenq_peer_up{peer=\"unix://", socket_, "\"}")), 1);
  EXPECT_THAT(body, HasSubstr("listenq_agent_"));
  EXPECT_THAT(body, Not(HasSubstr("pod=\"web\"")));
}

TEST_F(MetricsServerTest, LivesWithoutAnAgentAndSaysThatItIsNotReady) {
  StartMetrics("node-7");
  EXPECT_EQ(Ask("/healthz").status, 200);
  ASSERT_TRUE(WaitUntil([&] { return Ask("/readyz").body.rfind("node-7: unreachable: ", 0) == 0; }))
      << Ask("/readyz").body;
  EXPECT_EQ(Ask("/readyz").status, 503);
  EXPECT_EQ(ValueOf(Ask("/metrics").body, absl::StrCat("listenq_peer_up{peer=\"unix://", socket_, "\"}")), 0);
  Publish();
  Start();
  EXPECT_TRUE(WaitUntil([&] { return Ask("/readyz").body.rfind("node-7: failed: ", 0) == 0; }))
      << "it answers for another node: " << Ask("/readyz").body;
}

// The peer is a node's front, and what may be away is the agent behind it.
TEST_F(MetricsServerTest, AFrontWhoseAgentIsAwayIsNotUp) {
  const std::string front_socket = folder_.Path("front.sock");
  const auto front = AggregatorServer::Start({.listen = {*base::ParseListenAddress(front_socket)},
                                              .peers = socket_,
                                              .peer_timeout = absl::Milliseconds(500)});
  ASSERT_TRUE(front.ok()) << front.status();
  Publish();
  Start();
  StartMetricsOf(front_socket, "node-1");
  const auto up = [&] {
    return ValueOf(Ask("/metrics").body, absl::StrCat("listenq_peer_up{peer=\"unix://", front_socket, "\"}"));
  };
  EXPECT_TRUE(WaitUntil([&] { return up() == 1; })) << Ask("/metrics").body;
  server_.reset();
  EXPECT_TRUE(WaitUntil([&] { return up() == 0; })) << Ask("/metrics").body;
  {
    fakes::FakeObserver hanging("unix://" + socket_);
    hanging.hang = true;
    EXPECT_EQ(up(), 0);
  }
  Start();
  EXPECT_TRUE(WaitUntil([&] { return up() == 1; })) << Ask("/readyz").body;
}

TEST_F(MetricsServerTest, AScrapeDoesNotWaitForAPeerThatHangs) {
  fakes::FakeObserver fake("unix://" + socket_);
  fake.hang = true;
  StartMetrics();
  EXPECT_EQ(Ask("/metrics").status, 200);
  EXPECT_EQ(Ask("/readyz").status, 503);
}

}  // namespace
}  // namespace listenq::aggregator
