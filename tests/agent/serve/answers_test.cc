#include "agent/serve/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "agent/serve/node_status.h"
#include "tests/agent/serve/sample_snapshot.h"

namespace listenq::serve {
namespace {

using testing::kNow;
using testing::MakeListener;
using testing::MakeNamespace;
using testing::MakeSnapshot;
using testing::MakeSysctls;
using testing::PodOwner;
using testing::WithName;

Basis BasisOf(model::Snapshot snapshot) {
  return {.snapshot = std::make_shared<const model::Snapshot>(std::move(snapshot)), .now = kNow};
}
Filter All() { return *Filter::Compile(v1::Filter(), kNow); }

template <typename Response>
std::vector<Response> Messages(BatchedAnswer<Response> answer) {
  MessageSource<Response> source = ToMessages(std::move(answer));
  std::vector<Response> messages;
  while (source(&messages.emplace_back())) {
  }
  messages.pop_back();
  return messages;
}

BatchedAnswer<v1::ListListenersResponse> RowsOfSize(size_t count, size_t bytes) {
  BatchedAnswer<v1::ListListenersResponse> answer;
  answer.row_count = count;
  answer.status.set_node_name("node-1");
  answer.summary.set_rows_matched(count);
  answer.add_row = [bytes](size_t, v1::ListListenersResponse* message) {
    v1::Listener* row = message->mutable_batch()->add_listeners();
    row->set_local_address(std::string(bytes, 'x'));
    return row->ByteSizeLong();
  };
  return answer;
}

TEST(ToMessages, BatchesThenStatusThenSummary) {
  const auto messages = Messages(RowsOfSize(300, 1));
  ASSERT_EQ(messages.size(), 4u);
  EXPECT_EQ(messages[0].batch().listeners_size(), 256);
  EXPECT_EQ(messages[0].batch().node_name(), "node-1");
  EXPECT_EQ(messages[1].batch().listeners_size(), 44);
  EXPECT_EQ(messages[2].node_status().node_name(), "node-1");
  EXPECT_EQ(messages[3].summary().rows_matched(), 300u);
}

TEST(ToMessages, NoRowsIsNoBatch) {
  const auto messages = Messages(RowsOfSize(0, 1));
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_TRUE(messages[0].has_node_status());
  EXPECT_TRUE(messages[1].has_summary());
}

TEST(ToMessages, LargeRowsMakeSmallBatches) {
  const auto messages = Messages(RowsOfSize(10, 100 << 10));
  ASSERT_EQ(messages.size(), 4u + 2u);
  EXPECT_EQ(messages[0].batch().listeners_size(), 3);
  EXPECT_EQ(messages[3].batch().listeners_size(), 1);
}

TEST(ToMessages, RowBeyondTheBoundGoesAlone) {
  EXPECT_EQ(Messages(RowsOfSize(2, 300 << 10))[0].batch().listeners_size(), 1);
}

TEST(AnswerListeners, ConvertsOnlyWhatTheLimitLeaves) {
  model::Namespace ns = MakeNamespace(1);
  for (uint16_t port = 1; port <= 500; ++port) ns.listeners.push_back(MakeListener(port, port, 1000));
  v1::ListListenersRequest request;
  request.set_limit(20);
  request.set_order_by(v1::LISTENER_ORDER_QUEUE);
  const auto messages = Messages(AnswerListeners(BasisOf(MakeSnapshot({ns})), All(), request));
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[0].batch().listeners_size(), 20);
  EXPECT_EQ(messages[0].batch().listeners(0).local_port(), 500u);
  EXPECT_EQ(messages[0].batch().age().seconds(), 1);
  EXPECT_EQ(messages[2].summary().rows_matched(), 500u);
  EXPECT_EQ(messages[2].summary().rows_returned(), 20u);
  EXPECT_EQ(messages[2].summary().listeners_examined(), 500u);
  EXPECT_EQ(messages[2].summary().nodes_answered(), 1u);
}

TEST(AnswerListeners, RowsOutliveTheCallersSnapshot) {
  model::Namespace ns = MakeNamespace(1);
  ns.listeners = {MakeListener(80, 1, 128)};
  BatchedAnswer<v1::ListListenersResponse> answer;
  {
    const Basis basis = BasisOf(MakeSnapshot({ns}));
    answer = AnswerListeners(basis, All(), {});
  }
  EXPECT_EQ(Messages(std::move(answer))[0].batch().listeners(0).local_port(), 80u);
}

TEST(AnswerListeners, SaysHowManyNamespacesCannotBeSeen) {
  model::Namespace guest = MakeNamespace(1, {PodOwner("shop", "web", "nginx", 'a')});
  guest.not_observable_reason = "not observable: guest kernel (gVisor)";
  model::Namespace other = MakeNamespace(2, {PodOwner("mq", "emqx", "emqx", 'b')});
  const auto unobservable = [&](const std::string& ns) {
    v1::Filter proto;
    if (!ns.empty()) proto.add_namespaces(ns);
    const Filter filter = *Filter::Compile(proto, kNow);
    const auto messages = Messages(AnswerListeners(BasisOf(MakeSnapshot({guest, other})), filter, {}));
    return messages.back().summary().unobservable_namespaces();
  };
  EXPECT_EQ(unobservable(""), 1u);
  EXPECT_EQ(unobservable("shop"), 1u);
  EXPECT_EQ(unobservable("mq"), 0u);
}

TEST(AnswerNamespaces, SendsSysctlsOnlyWhenAskedFor) {
  model::Namespace host = MakeNamespace(1);
  host.id = WithName(*host.id, "", true);
  host.sysctls = MakeSysctls({{"net.core.somaxconn", "128"}});
  const Basis basis = BasisOf(MakeSnapshot({host}));
  v1::ListNamespacesRequest request;
  EXPECT_TRUE(Messages(*AnswerNamespaces(basis, All(), request))[0].batch().namespaces(0).sysctls().empty());
  request.add_sysctl_names("net.core.somaxconn");
  const auto messages = Messages(*AnswerNamespaces(basis, All(), request));
  EXPECT_EQ(messages[0].batch().namespaces(0).sysctls().at("net.core.somaxconn").host(), "128");
}

TEST(AnswerNamespaces, UnknownSysctlIsAnError) {
  v1::ListNamespacesRequest request;
  request.add_sysctl_names("net.core.foo");
  EXPECT_EQ(AnswerNamespaces(BasisOf(MakeSnapshot({})), All(), request).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(AnswerHistory, KeepsSamplesAndFiltersPorts) {
  const model::Namespace ns = MakeNamespace(1, {PodOwner("shop", "web", "nginx", 'a')});
  analyze::ListenerSamples samples;
  samples.netns = ns.id;
  samples.owners = ns.owners;
  samples.listener = MakeListener(80, 4, 511).reading;
  samples.samples = {{.time = kNow - absl::Seconds(5), .queue = 4, .drops_min = 1, .drops_max = 2}};
  samples.truncated = true;
  samples.end = kNow;
  analyze::ListenerSamples other = samples;
  other.listener.port = 81;
  v1::Filter proto;
  proto.add_ports(80);
  const auto messages =
      Messages(AnswerHistory(BasisOf(MakeSnapshot({ns})), *Filter::Compile(proto, kNow), {other, samples}));
  ASSERT_EQ(messages[0].batch().histories_size(), 1);
  const v1::ListenerHistory& history = messages[0].batch().histories(0);
  EXPECT_EQ(history.local_port(), 80u);
  EXPECT_EQ(history.owners(0).pod(), "web");
  EXPECT_EQ(history.limit(), 511u);
  EXPECT_TRUE(history.truncated());
  EXPECT_EQ(history.end_time().seconds(), 1'700'000'000);
  ASSERT_EQ(history.samples_size(), 1);
  EXPECT_EQ(history.samples(0).queue(), 4u);
  EXPECT_FALSE(history.samples(0).has_sk_drops());
  EXPECT_EQ(history.samples(0).drops_min(), 1u);
  EXPECT_EQ(history.samples(0).drops_max(), 2u);
}

TEST(AnswerSysctls, NoNameIsAll) {
  v1::SummarizeSysctlsResponse response;
  ASSERT_TRUE(AnswerSysctls(BasisOf(MakeSnapshot({})), All(), {}, &response).ok());
  EXPECT_EQ(static_cast<size_t>(response.sysctls_size()), model::SysctlTable().size());
  EXPECT_EQ(response.node_statuses(0).state(), v1::NODE_STATE_OK);
}

TEST(AnswerNodes, SaysWhatTheNodeIsAndCosts) {
  model::Namespace host = MakeNamespace(1);
  host.id = WithName(*host.id, "", true);
  host.sysctls = MakeSysctls({{"net.ipv4.tcp_max_orphans", "65536"}});
  host.listeners = {MakeListener(22, 0, 128)};
  model::Snapshot snapshot = MakeSnapshot({host});
  snapshot.node.errors = {{.part = "processes", .reason = "no CAP_SYS_PTRACE"}};
  snapshot.node.cost.open_fds = 30;
  snapshot.node.late_beats = 2;
  snapshot.node.sources = {{.source = "cri unix:///run/x.sock", .message = "refused", .last_success = kNow},
                           {.source = "docker /var/lib/docker", .healthy = true}};
  v1::ListNodesResponse response;
  AnswerNodes(BasisOf(std::move(snapshot)), {.bytes = 5, .limit_bytes = 9}, &response);
  ASSERT_EQ(response.nodes_size(), 1);
  const v1::Node& node = response.nodes(0);
  EXPECT_EQ(node.status().node_name(), "node-1");
  EXPECT_EQ(node.version(), "0.1.0");
  EXPECT_EQ(node.kernel_release(), "6.1.0");
  EXPECT_EQ(node.namespace_count(), 1u);
  EXPECT_EQ(node.listener_count(), 1u);
  EXPECT_EQ(node.errors(0).part(), "processes");
  ASSERT_EQ(node.sources_size(), 2);
  EXPECT_EQ(node.sources(0).source(), "cri unix:///run/x.sock");
  EXPECT_FALSE(node.sources(0).healthy());
  EXPECT_EQ(node.sources(0).message(), "refused");
  EXPECT_EQ(FromProto(node.sources(0).last_success_time()), kNow);
  EXPECT_TRUE(node.sources(1).healthy());
  EXPECT_FALSE(node.sources(1).has_last_success_time());
  EXPECT_EQ(node.cost().open_fds(), 30u);
  EXPECT_FALSE(node.cost().has_rss_bytes());
  EXPECT_EQ(node.cost().recorder_bytes(), 5u);
  EXPECT_EQ(node.cost().recorder_limit_bytes(), 9u);
  EXPECT_EQ(node.late_beats(), 2u);
  EXPECT_EQ(node.host_limits().at("net.ipv4.tcp_max_orphans").value(), "65536");
  EXPECT_EQ(node.host_limits().at("net.ipv4.tcp_mem").unreadable_reason(), "this kernel has none");
}

}  // namespace
}  // namespace listenq::serve
