// Real drops in real namespaces, seen by a real Prometheus.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "aggregator/metrics/metrics_server.h"
#include "aggregator/peers/fleet.h"
#include "base/address.h"
#include "tests/agent/serve/serving_view.h"
#include "tests/aggregator/metrics/http_get.h"
#include "tests/root/metrics/prometheus.h"
#include "tests/support/program.h"
#include "tests/support/skip.h"
#include "tests/support/sockets.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::test {
namespace {

using serve::testing::MakeNamespace;
using serve::testing::MakeSnapshot;
using serve::testing::PodOwner;
using ::testing::StartsWith;

constexpr char kAlerts[] = LISTENQ_DEPLOY "/prometheus/alerts.yaml";
constexpr char kDashboard[] = LISTENQ_DEPLOY "/grafana/listenq.json";
constexpr uint16_t kPort = 8080;

// A node with one pod of a workload, whose counters move by hand.
class PodNode {
 public:
  explicit PodNode(const std::string& address) {
    view_.Publish(Snapshot(0));
    server_ = *serve::ObserverServer::Start(address, view_, clock_);
  }
  void Lose(uint64_t drops) {
    view_.Publish(Snapshot(drops));
    view_.Recorder().AddDrops(serve::testing::MakeDropEvent(Pod(drops), kPort, serve::testing::kNow));
  }

 private:
  static model::Namespace Pod(uint64_t drops) {
    model::Owner owner = PodOwner("shop", "web", "nginx", 'a');
    owner.workload = "Deployment web";
    model::Namespace pod = MakeNamespace(1, {owner});
    pod.listeners.push_back(serve::testing::MakeListener(kPort, 512, 511));
    static const auto kNames = std::make_shared<const model::CounterNames>(
        std::vector<std::string>{"TcpExtListenDrops", "TcpExtListenOverflows"});
    pod.netstat = {.names = kNames, .values = {drops, drops}};
    return pod;
  }
  static model::Snapshot Snapshot(uint64_t drops) {
    model::Snapshot snapshot = MakeSnapshot({Pod(drops)});
    snapshot.node.name = "two";
    return snapshot;
  }

  serve::testing::HandMadeView view_;
  serve::testing::FixedClock clock_;
  std::unique_ptr<serve::ObserverServer> server_;
};

class MetricsPrometheus : public ::testing::Test {
 protected:
  void SetUp() override {
    LISTENQ_SKIP_UNLESS_ROOT();
    LISTENQ_SKIP_IF_(WhyNoPrometheus());
    const std::string one = absl::StrCat("unix://", folder_.Path("one.sock"));
    const std::string two = absl::StrCat("unix://", folder_.Path("two.sock"));
    std::vector<std::string> agent = kEndWithParent;
    for (const char* word :
         {LISTENQ_AGENT, "--listen", one.c_str(), "--node-name", "one", "--cri-endpoint", "off"}) {
      agent.emplace_back(word);
    }
    agent_ = std::make_unique<Program>(agent);
    pods_ = std::make_unique<PodNode>(two);
    auto fleet = std::make_shared<aggregator::Fleet>();
    for (const std::string& address : {one, two}) {
      fleet->peers.push_back(*aggregator::Peer::Make({.address = *base::ParseServerAddress(address)}, {}));
    }
    auto metrics = aggregator::MetricsServer::Start(
        {.listen = {.host = "127.0.0.1"},
         .fleet = [fleet] { return fleet; },
         .interval = absl::Milliseconds(500),
         .hooks = {.certificate_not_after = [] { return absl::FromUnixSeconds(4'000'000'000); },
                   .refused_handshakes = [] { return 0; }}});
    ASSERT_TRUE(metrics.ok()) << metrics.status();
    metrics_ = *std::move(metrics);
    prometheus_ = std::make_unique<Prometheus>(port(), kAlerts);
  }

  [[nodiscard]] uint16_t port() const { return metrics_->address().port; }
  // The query has a result.
  [[nodiscard]] bool Await(const std::string& expression) const {
    return WaitUntil(
        [&] {
          const auto values = prometheus_->Query(expression);
          return values.has_value() && !values->empty();
        },
        absl::Minutes(1));
  }
  [[nodiscard]] std::string Why(const std::string& expression) const {
    return absl::StrCat(prometheus_->Raw(expression), "\n", prometheus_->Errors(), "\n", agent_->Errors());
  }

  TempFolder folder_;
  std::unique_ptr<Program> agent_;
  std::unique_ptr<PodNode> pods_;
  std::unique_ptr<aggregator::MetricsServer> metrics_;
  std::unique_ptr<Prometheus> prometheus_;
};

// Fills the queue of `listener`, then loses at least one connection attempt.
std::vector<sys::UniqueFd> Overflow(const NetnsRunner& netns) {
  std::vector<sys::UniqueFd> connections;
  for (int i = 0; i < 3; ++i) connections.push_back(Connect(netns, "127.0.0.1", kPort));
  for (sys::UniqueFd& lost : StartConnects(netns, "127.0.0.1", kPort, 1))
    connections.push_back(std::move(lost));
  return connections;
}

TEST_F(MetricsPrometheus, RateSeesTheVeryFirstDrop) {
  const TestNetns netns;
  const auto listener = Listen(netns, {.port = kPort, .backlog = 2});
  const std::string labels = absl::StrCat("{node=\"one\",netns=\"", netns.name(), "\"");
  const std::string drops = absl::StrCat("listenq_listener_listen_drops_total", labels,
                                         ",port=\"8080\",cause=\"accept_queue_full\"}");
  ASSERT_TRUE(Await(absl::StrCat(drops, " == 0"))) << Why(drops);
  ASSERT_TRUE(Await(absl::StrCat("listenq_listener_queue_limit", labels, ",port=\"8080\"} == 2")));

  const auto connections = Overflow(netns);
  for (const char* function : {"increase", "rate"}) {
    EXPECT_TRUE(Await(absl::StrCat(function, "(", drops, "[1m]) > 0"))) << Why(drops);
    EXPECT_TRUE(
        Await(absl::StrCat(function, "(listenq_netstat_TcpExt_ListenOverflows", labels, "}[1m]) > 0")));
  }
  EXPECT_TRUE(Await(absl::StrCat("ALERTS{alertname=\"PodListenDrops\",alertstate=\"firing\",netns=\"",
                                 netns.name(), "\"}")));
  EXPECT_TRUE(Await(absl::StrCat("listenq_listener_queue_peak", labels, ",port=\"8080\"} == 3")));
}

// A pod that overflows before anybody asked for it.
TEST_F(MetricsPrometheus, RateSeesDropsFromBeforeTheFirstSight) {
  ASSERT_TRUE(Await("listenq_peer_up == 1 and on() count(listenq_node_listeners) == 2"))
      << Why("listenq_peer_up");
  const TestNetns netns;
  const auto listener = Listen(netns, {.port = kPort, .backlog = 2});
  const auto connections = Overflow(netns);
  const std::string drops = absl::StrCat("listenq_netstat_TcpExt_ListenDrops{netns=\"", netns.name(), "\"}");
  EXPECT_TRUE(Await(absl::StrCat("increase(", drops, "[1m]) > 0"))) << Why(drops);
  EXPECT_TRUE(Await(absl::StrCat("min_over_time(", drops, "[1m]) == 0"))) << Why(drops);
}

TEST_F(MetricsPrometheus, ADeadPodsCountersStay) {
  auto netns = std::make_unique<TestNetns>();
  auto listener = Listen(*netns, {.port = kPort, .backlog = 2});
  const std::string labels = absl::StrCat("{netns=\"", netns->name(), "\"");
  ASSERT_TRUE(Await(absl::StrCat("listenq_listener_queue", labels, ",port=\"8080\"} == 0")));
  auto connections = Overflow(*netns);
  const std::string drops = absl::StrCat("listenq_netstat_TcpExt_ListenDrops", labels, "}");
  ASSERT_TRUE(Await(absl::StrCat(drops, " > 0"))) << Why(drops);
  connections.clear();
  listener.fd.reset();
  netns = nullptr;
  EXPECT_TRUE(Await(absl::StrCat("absent(listenq_listener_queue", labels, ",port=\"8080\"})")));
  EXPECT_TRUE(Await(absl::StrCat(drops, " > 0")));
}

TEST_F(MetricsPrometheus, PromtoolFindsNothingButNodeExportersNames) {
  ASSERT_TRUE(Await("listenq_listener_queue")) << Why("up");
  const std::string file = folder_.Write("text", Get(port(), "/metrics").body);
  const Finished run =
      RunProgram({"/bin/sh", "-c", absl::StrCat(FindPrometheusTool("promtool"), " check metrics < ", file)});
  const std::vector<std::string> lines =
      absl::StrSplit(absl::StrCat(run.output, run.errors), '\n', absl::SkipEmpty());
  for (const std::string& line : lines) EXPECT_THAT(line, StartsWith("listenq_netstat_"));
  EXPECT_EQ(run.code, 3) << "promtool's code for names that it does not like";
}

std::vector<std::string> DashboardQueries() {
  std::vector<std::string> queries;
  const YAML::Node dashboard = YAML::LoadFile(kDashboard);
  for (const auto& panel : dashboard["panels"]) {
    for (const auto& target : panel["targets"]) queries.push_back(target["expr"].as<std::string>());
  }
  return queries;
}

TEST_F(MetricsPrometheus, EveryQueryOfTheDashboardReturnsData) {
  ASSERT_TRUE(Await("listenq_workload_listen_drops_total == 0")) << Why("up");
  pods_->Lose(1);
  ASSERT_TRUE(Await("increase(listenq_workload_listen_drops_total[1m]) > 0")) << Why("up");
  const std::vector<std::string> queries = DashboardQueries();
  EXPECT_GT(queries.size(), 30u);
  for (const std::string& query : queries) {
    const std::string expression = absl::StrReplaceAll(
        query, {{"$node", ".*"}, {"$namespace", ".*"}, {"$pod", ".*"}, {"$__rate_interval", "1m"}});
    EXPECT_TRUE(Await(expression)) << expression << "\n" << prometheus_->Raw(expression);
  }
}

TEST(AlertRules, EachFiresAndJustDoesNot) {
  LISTENQ_SKIP_IF_(WhyNoPrometheus());
  const std::string promtool = FindPrometheusTool("promtool");
  const Finished check = RunProgram({promtool, "check", "rules", kAlerts});
  EXPECT_EQ(check.code, 0) << check.output << check.errors;
  const Finished test =
      RunProgram({promtool, "test", "rules", LISTENQ_DEPLOY "/prometheus/alerts_test.yaml"});
  EXPECT_EQ(test.code, 0) << test.output << test.errors;
}

// A rule without a test would be one that nobody saw fire.
TEST(AlertRules, EachHasATestInWhichItFires) {
  std::vector<std::string> firing;
  for (const auto& test : YAML::LoadFile(LISTENQ_DEPLOY "/prometheus/alerts_test.yaml")["tests"]) {
    for (const auto& rule : test["alert_rule_test"]) {
      if (rule["exp_alerts"].size() > 0) firing.push_back(rule["alertname"].as<std::string>());
    }
  }
  for (const auto& group : YAML::LoadFile(kAlerts)["groups"]) {
    for (const auto& rule : group["rules"]) {
      EXPECT_THAT(firing, ::testing::Contains(rule["alert"].as<std::string>()));
    }
  }
}

}  // namespace
}  // namespace listenq::test
