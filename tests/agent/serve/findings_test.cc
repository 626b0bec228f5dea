#include "agent/serve/findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/agent/serve/sample_snapshot.h"

namespace listenq::serve {
namespace {

using testing::ContainerId;
using testing::HeldBy;
using testing::HostOwner;
using ::testing::IsEmpty;
using testing::kNow;
using testing::MakeDropEvent;
using testing::MakeListener;
using testing::MakeNamespace;
using testing::MakeSnapshot;
using testing::MakeSysctls;
using testing::PodOwner;
using testing::WithName;

// A full listener on `port` whose application asked for 511, and its episode.
model::Namespace Overflowing(model::NetnsSerial serial, std::vector<model::Owner> owners, uint16_t port) {
  model::Namespace ns = MakeNamespace(serial, std::move(owners));
  ns.sysctls = MakeSysctls({{"net.core.somaxconn", "4096"}});
  ns.listeners = {MakeListener(port, 512, 511)};
  ns.listeners[0].limit_state = model::LimitState::kApplication;
  return ns;
}

model::DropEpisode EpisodeOf(const model::Namespace& ns, absl::Time last) {
  const model::DropEvent event = MakeDropEvent(ns, ns.listeners[0].reading.port, last);
  model::DropEpisode episode;
  episode.netns = event.netns;
  episode.owners = event.owners;
  episode.start = event.start;
  episode.last = event.end;
  episode.counts = event.counts;
  episode.shares = event.shares;
  return episode;
}

class AnswerFindingsTest : public ::testing::Test {
 protected:
  AnswerFindingsTest() {
    model::Namespace shop = Overflowing(1, {PodOwner("shop", "web", "nginx", 'a')}, 80);
    model::Namespace mq = Overflowing(2, {PodOwner("mq", "emqx", "emqx", 'b')}, 1883);
    episodes_ = {EpisodeOf(shop, kNow - absl::Seconds(5)), EpisodeOf(mq, kNow - absl::Minutes(5))};
    basis_.snapshot = std::make_shared<const model::Snapshot>(MakeSnapshot({shop, mq}));
    basis_.now = kNow;
  }

  // The rows, and the summary of the last answer.
  std::vector<v1::Finding> Ask(const v1::ListFindingsRequest& request) {
    const auto filter = Filter::Compile(request.filter(), kNow);
    EXPECT_TRUE(filter.ok()) << filter.status();
    auto answer = AnswerFindings(basis_, *filter, request, episodes_);
    EXPECT_TRUE(answer.ok()) << answer.status();
    const MessageSource<v1::ListFindingsResponse> next = ToMessages(*std::move(answer));
    results_.clear();
    std::vector<v1::Finding> rows;
    v1::ListFindingsResponse message;
    while (next(&message)) {
      for (const v1::Finding& finding : message.batch().findings()) rows.push_back(finding);
      if (message.has_summary()) summary_ = message.summary();
      if (message.has_rule_result()) results_.push_back(message.rule_result());
      message.Clear();
    }
    return rows;
  }
  absl::Status ErrorOf(const v1::ListFindingsRequest& request) {
    return AnswerFindings(basis_, *Filter::Compile({}, kNow), request, episodes_).status();
  }

  Basis basis_;
  std::vector<model::DropEpisode> episodes_;
  v1::Summary summary_;
  std::vector<v1::RuleResult> results_;
};

TEST_F(AnswerFindingsTest, CarriesTheVerdictWithItsSubject) {
  const std::vector<v1::Finding> rows = Ask({});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].rule_id(), "backlog-too-small");
  EXPECT_EQ(rows[0].severity(), v1::SEVERITY_CRITICAL);
  EXPECT_EQ(rows[0].owners(0).pod(), "web");
  EXPECT_EQ(rows[0].listener().local_port(), 80u);
  EXPECT_EQ(rows[0].node_name(), "node-1");
  EXPECT_EQ(FromProto(rows[0].since_time()), kNow - absl::Seconds(6));
  EXPECT_EQ(rows[0].evidence(0).name(), "TcpExtListenOverflows");
  EXPECT_EQ(rows[0].evidence(0).value(), "1");
  EXPECT_EQ(rows[0].evidence(0).window().seconds(), 1);
  EXPECT_NE(rows[0].fix(), "");
  EXPECT_EQ(rows[1].severity(), v1::SEVERITY_WARNING) << "it ended";
  EXPECT_EQ(summary_.rows_matched(), 2u);
  EXPECT_EQ(summary_.namespaces_examined(), 2u);
}

TEST_F(AnswerFindingsTest, FilterSeverityAndLimitAreExecutedHere) {
  v1::ListFindingsRequest request;
  request.mutable_filter()->add_namespaces("mq");
  EXPECT_EQ(Ask(request)[0].owners(0).pod(), "emqx");
  request.set_min_severity(v1::SEVERITY_CRITICAL);
  EXPECT_THAT(Ask(request), IsEmpty());
  request.Clear();
  request.set_limit(1);
  EXPECT_EQ(Ask(request).size(), 1u);
  EXPECT_EQ(summary_.rows_matched(), 2u);
  EXPECT_EQ(summary_.rows_returned(), 1u);
}

TEST_F(AnswerFindingsTest, RulesAreChosenById) {
  v1::ListFindingsRequest request;
  request.add_rule_ids("limit-latched");
  EXPECT_THAT(Ask(request), IsEmpty());
  request.add_rule_ids("backlog-too-small");
  EXPECT_EQ(Ask(request).size(), 2u);
  request.add_rule_ids("no-such-rule");
  EXPECT_EQ(ErrorOf(request).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(
      std::string(ErrorOf(request).message()),
      ::testing::StartsWith("read rule_ids: \"no-such-rule\" is no rule; there are backlog-too-small, "));
}

TEST_F(AnswerFindingsTest, PolicyAloneTakesTheBuiltInRulesPlace) {
  v1::ListFindingsRequest request;
  v1::PolicyRule* rule = request.add_policy();
  rule->set_id("somaxconn-min");
  rule->set_severity(v1::SEVERITY_INFO);
  rule->set_sysctl("net.core.somaxconn");
  rule->set_comparison(v1::COMPARISON_MIN);
  rule->add_operands("8192");
  std::vector<v1::Finding> rows = Ask(request);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].rule_id(), "somaxconn-min");
  ASSERT_EQ(results_.size(), 1u);
  EXPECT_EQ(results_[0].violations(), 2u);

  request.set_built_in(true);
  EXPECT_EQ(Ask(request).size(), 4u);
  EXPECT_EQ(Ask(request)[0].rule_id(), "backlog-too-small") << "the worst first";
  request.set_min_severity(v1::SEVERITY_WARNING);
  EXPECT_EQ(Ask(request).size(), 2u);
  EXPECT_EQ(results_[0].violations(), 2u) << "counted all the same";
}

TEST_F(AnswerFindingsTest, PolicyWithTwoRulesOfOneIdIsRefused) {
  v1::ListFindingsRequest request;
  request.add_policy()->set_id("mine");
  request.add_policy()->set_id("mine");
  EXPECT_EQ(ErrorOf(request), absl::InvalidArgumentError("read policy: two rules have the id \"mine\""));
}

TEST_F(AnswerFindingsTest, FindingOnTheHostIsTheGuestsThatHoldsTheListener) {
  model::Namespace host =
      Overflowing(3, {HostOwner(), PodOwner("kube-system", "proxy", "proxy", 'p')}, 10249);
  host.id = WithName(*host.id, "", true);
  host.listeners[0].processes = HeldBy("kube-proxy", ContainerId('p'));
  episodes_ = {EpisodeOf(host, kNow)};
  basis_.snapshot = std::make_shared<const model::Snapshot>(MakeSnapshot({host}));
  v1::ListFindingsRequest request;
  request.mutable_filter()->add_pods("proxy");
  const std::vector<v1::Finding> rows = Ask(request);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].owners(0).pod(), "proxy");
  EXPECT_EQ(rows[0].owners_size(), 1);
}

TEST_F(AnswerFindingsTest, NamespaceOfAGuestKernelIsCountedNotJudged) {
  model::Namespace guest = Overflowing(4, {PodOwner("shop", "vm", "app", 'v')}, 80);
  guest.not_observable_reason = "not observable: guest kernel (Kata)";
  episodes_ = {EpisodeOf(guest, kNow)};
  basis_.snapshot = std::make_shared<const model::Snapshot>(MakeSnapshot({guest}));
  EXPECT_THAT(Ask({}), IsEmpty());
  EXPECT_EQ(summary_.unobservable_namespaces(), 1u);
}

}  // namespace
}  // namespace listenq::serve
