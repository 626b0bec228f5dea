#include "client/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "client/command_line.h"
#include "tests/client/rows.h"
#include "tests/fakes/fake_observer.h"

namespace listenq::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Result {
  int exit_code = 0;
  std::string out;
  std::string notes;
};

Result RunWith(fakes::FakeObserver& server, std::vector<std::string> arguments,
               const absl::Status& write_status = absl::OkStatus()) {
  Result result;
  const auto outcome = ParseCommandLine({.program = "listenq", .arguments = std::move(arguments)});
  EXPECT_TRUE(outcome.options.has_value()) << outcome.error;
  ObserverClient client(server.Channel(), {.server = "fake"}, absl::Seconds(60));
  Output output;
  output.out = [&](absl::string_view text) {
    result.out += std::string(text);
    return write_status;
  };
  output.note = [&](absl::string_view text) { result.notes += std::string(text); };
  output.zone = absl::UTCTimeZone();
  result.exit_code = Run(*outcome.options, client, output);
  return result;
}

std::vector<v1::ListListenersResponse> PartialAnswer() {
  return {
      Proto<v1::ListListenersResponse>(
          "batch { node_name: 'a' listeners { local_address: '0.0.0.0' local_port: 80 "
          "netns { names: 'blue' } queue: 1 limit: 5 } }"),
      Proto<v1::ListListenersResponse>("node_status { node_name: 'a' state: NODE_STATE_OK }"),
      Proto<v1::ListListenersResponse>(
          "node_status { node_name: 'node-17' state: NODE_STATE_UNAVAILABLE message: 'deadline exceeded' }"),
      Proto<v1::ListListenersResponse>("summary { nodes_expected: 2 nodes_answered: 1 truncated: true }")};
}

TEST(Run, PrintsWhatCameAndSaysWhatIsMissing) {
  fakes::FakeObserver server;
  server.listeners_responses = PartialAnswer();
  const Result result = RunWith(server, {"listeners"});
  EXPECT_EQ(result.exit_code, kExitPartial);
  EXPECT_EQ(result.out,
            "NODE  NETNS  LISTEN      QUEUE  LIMIT  FULL\n"
            "a     blue   0.0.0.0:80      1      5   20%\n");
  EXPECT_EQ(result.notes,
            "node-17: deadline exceeded\n"
            "1 of 2 nodes answered: the answer is incomplete\n"
            "The answer is incomplete: the server's bound cut it; ask for less with -n, --port or --limit\n");
}

TEST(Run, AsksForWhatTheFlagsSay) {
  fakes::FakeObserver server;
  RunWith(server, {"listeners", "-n", "shop", "--sort", "queue", "--limit", "7", "--include-ended"});
  EXPECT_EQ(server.listeners_request.ShortDebugString(),
            "filter { namespaces: \"shop\" } order_by: LISTENER_ORDER_QUEUE limit: 7 include_ended: true");
}

TEST(Run, CutsGroupsAndNotTheRowsTheyAreMadeOf) {
  fakes::FakeObserver server;
  server.listeners_responses = {Proto<v1::ListListenersResponse>(R"(
    batch { node_name: 'a'
      listeners { owners { namespace: 'shop' pod: 'api-1' workload: 'Deployment api' } queue: 5 limit: 9
                  local_address: '0.0.0.0' local_port: 80 }
      listeners { owners { namespace: 'shop' pod: 'web-0' } local_address: '0.0.0.0' local_port: 80 }
      listeners { owners { namespace: 'shop' pod: 'api-2' workload: 'Deployment api' } queue: 1 limit: 9
                  local_address: '0.0.0.0' local_port: 80 } })")};
  const Result result = RunWith(server, {"listeners", "--by", "workload", "--limit", "1"});
  EXPECT_EQ(server.listeners_request.limit(), 0U);
  EXPECT_EQ(result.out,
            "NAMESPACE  WORKLOAD        LISTEN      FULL PODS  QUEUE  LIMIT  FULL  WORST POD\n"
            "shop       Deployment api  0.0.0.0:80     0 of 2      5      9   55%  api-1\n");
  EXPECT_EQ(
      RunWith(server, {"listeners", "--by", "workload", "--limit", "1", "-o", "csv", "--no-headers"}).out,
      "shop,\"Deployment api\",0.0.0.0:80,2,0,5,9,9,55,,,api-1,2,1\n");
  RunWith(server, {"drops", "--by", "workload", "--limit", "1"});
  EXPECT_EQ(server.drops_request.limit(), 0U);
}

TEST(Run, SaysWhatAnEmptyAnswerLookedAt) {
  fakes::FakeObserver server;
  server.listeners_responses = {
      Proto<v1::ListListenersResponse>("node_status { node_name: 'a' state: NODE_STATE_OK }"),
      Proto<v1::ListListenersResponse>(
          "summary { listeners_examined: 14 namespaces_examined: 5 nodes_expected: 1 "
          "nodes_answered: 1 }")};
  const Result result = RunWith(server, {"listeners"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.notes, "No listeners match: 14 listeners in 5 namespaces looked at.\n");
}

TEST(Run, SaysThatNoNodeAnswered) {
  fakes::FakeObserver server;
  const std::string status = "node_name: 'a' state: NODE_STATE_UNAVAILABLE message: 'refused'";
  server.listeners_responses = {Proto<v1::ListListenersResponse>("node_status { " + status + " }"),
                                Proto<v1::ListListenersResponse>("summary { nodes_expected: 3 }")};
  server.namespaces_responses = {Proto<v1::ListNamespacesResponse>("node_status { " + status + " }"),
                                 Proto<v1::ListNamespacesResponse>("summary { nodes_expected: 3 }")};
  server.nodes_response =
      Proto<v1::ListNodesResponse>("nodes { status { " + status + " } } summary { nodes_expected: 3 }");
  const std::string note = "listenq: no node answered: nothing was looked at\n";
  for (const auto& arguments :
       {std::vector<std::string>{"listeners"}, {"namespaces", "web-0"}, {"describe", "web-0"}}) {
    const Result result = RunWith(server, arguments);
    EXPECT_EQ(result.exit_code, kExitError) << arguments[0];
    EXPECT_EQ(result.notes, "a: refused\n" + note) << arguments[0];
  }
  const Result nodes = RunWith(server, {"nodes"});
  EXPECT_EQ(nodes.exit_code, kExitError);
  EXPECT_EQ(nodes.notes, note);
}

TEST(Run, NeverTakesWhatIsNotObservableForNothing) {
  fakes::FakeObserver server;
  server.listeners_responses = {Proto<v1::ListListenersResponse>(
      "summary { listeners_examined: 14 namespaces_examined: 5 nodes_expected: 1 nodes_answered: 1 "
      "unobservable_namespaces: 1 }")};
  const std::string note =
      "1 namespace is not observable: a guest kernel owns its sockets (listenq namespaces -o wide)\n";
  EXPECT_EQ(RunWith(server, {"listeners"}).notes,
            "No listeners that can be seen match: 14 listeners in 5 namespaces looked at.\n" + note);
  server.listeners_responses.push_back(Proto<v1::ListListenersResponse>("batch { listeners { queue: 1 } }"));
  EXPECT_EQ(RunWith(server, {"listeners"}).notes, note);
  EXPECT_EQ(RunWith(server, {"top", "--once"}).notes, note);
}

TEST(Run, ExplainsTheMarkOfOldNamesBesideATableOnly) {
  fakes::FakeObserver server;
  server.listeners_responses = {Proto<v1::ListListenersResponse>(
      "batch { node_name: 'a' listeners { owners { pod: 'web-0' stale: true } } }")};
  EXPECT_EQ(RunWith(server, {"listeners"}).notes, "* the names of 1 row are old (listenq nodes)\n");
  EXPECT_EQ(RunWith(server, {"listeners", "-o", "name"}).notes, "");
  EXPECT_EQ(RunWith(server, {"listeners", "-o", "name"}).out, "listener/web-0/:0\n");
}

std::vector<v1::ListFindingsResponse> OneFinding() {
  return {Proto<v1::ListFindingsResponse>("batch { node_name: 'a' findings { rule_id: 'limit-latched' "
                                          "severity: SEVERITY_INFO explanation: 'Restart it.' } }"),
          Proto<v1::ListFindingsResponse>("node_status { node_name: 'a' state: NODE_STATE_OK }"),
          Proto<v1::ListFindingsResponse>("summary { nodes_expected: 2 nodes_answered: 1 }")};
}

TEST(Findings, AreAskedForByTheFlags) {
  fakes::FakeObserver server;
  RunWith(server, {"findings", "-n", "shop", "--severity", "warning", "--rule", "a", "--rule", "b,c",
                   "--limit", "7", "web-0"});
  server.findings_request.clear_now_time();
  EXPECT_EQ(
      server.findings_request.ShortDebugString(),
      "filter { namespaces: \"shop\" pods: \"web-0\" } limit: 7 rule_ids: \"a\" rule_ids: \"b\" rule_ids: "
      "\"c\" min_severity: SEVERITY_WARNING");
  RunWith(server, {"findings"});
  EXPECT_EQ(server.findings_request.min_severity(), v1::SEVERITY_UNSPECIFIED);
}

TEST(Findings, EndWithFourWhereThatIsWanted) {
  fakes::FakeObserver server;
  server.findings_responses = OneFinding();
  const Result result = RunWith(server, {"findings"});
  EXPECT_EQ(result.exit_code, kExitPartial);
  EXPECT_EQ(result.out,
            "SEVERITY  RULE           WHERE\ninfo      limit-latched  netns 0\n          Restart it.\n");
  EXPECT_EQ(RunWith(server, {"findings", "--exit-code"}).exit_code, kExitFindings);
  EXPECT_EQ(RunWith(server, {"findings", "--exit-code", "-o", "name"}).out, "finding/limit-latched/0\n");
}

TEST(Findings, NoneIsNoFailure) {
  fakes::FakeObserver server;
  server.findings_responses = {Proto<v1::ListFindingsResponse>(
      "summary { listeners_examined: 16 namespaces_examined: 10 nodes_expected: 1 nodes_answered: 1 }")};
  const Result result = RunWith(server, {"findings", "--exit-code"});
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.notes, "No findings: 16 listeners in 10 namespaces looked at.\n");
  EXPECT_EQ(RunWith(server, {"findings", "--rule", "x"}).notes,
            "No findings match: 16 listeners in 10 namespaces looked at.\n");
}

TEST(Findings, NoneInAPartOfTheNodesIsPartial) {
  fakes::FakeObserver server;
  server.findings_responses = {
      Proto<v1::ListFindingsResponse>("summary { nodes_expected: 2 nodes_answered: 1 }")};
  EXPECT_EQ(RunWith(server, {"findings", "--exit-code"}).exit_code, kExitPartial);
}

TEST(Connections, AreAskedForByTheFlags) {
  fakes::FakeObserver server;
  RunWith(server, {"ports", "-n", "shop", "--time-limit", "1500ms", "--limit", "7"});
  EXPECT_EQ(server.connections_request.ShortDebugString(),
            "filter { namespaces: \"shop\" } limit: 7 time_limit { seconds: 1 nanos: 500000000 }");
  RunWith(server, {"states"});
  EXPECT_EQ(server.connections_request.ShortDebugString(), "filter { }");
}

TEST(Connections, SayBelowATableWhatTheyCost) {
  fakes::FakeObserver server;
  server.connections_response = Proto<v1::SummarizeConnectionsResponse>(R"(
    connections { node_name: 'a' netns { names: 'blue' } by_state { key: 'ESTABLISHED' value: 3 }
                  syn_queues { local_address: '0.0.0.0' local_port: 80 syn_recv: 2 } cost { nanos: 400000 } }
    node_statuses { node_name: 'a' state: NODE_STATE_OK } summary { nodes_expected: 1 nodes_answered: 1 })");
  const Result states = RunWith(server, {"states"});
  EXPECT_EQ(states.out,
            "WHERE       TOTAL  ESTABLISHED  TIME_WAIT\n"
            "netns blue      3            3          0\n"
            "\n"
            "WHERE       LISTEN      SYN_RECV\n"
            "netns blue  0.0.0.0:80         2\n");
  EXPECT_EQ(states.notes, "Walked over the connections of 1 namespace: 0.4ms of CPU time\n");
  EXPECT_EQ(states.exit_code, kExitOk);
  const Result ports = RunWith(server, {"ports", "--no-headers"});
  EXPECT_EQ(ports.out, "netns blue  none  0  0\n");
  EXPECT_EQ(RunWith(server, {"ports", "-o", "name"}).notes, "");
}

TEST(Describe, FailsWhenNothingMatches) {
  fakes::FakeObserver server;
  server.namespaces_responses = {Proto<v1::ListNamespacesResponse>(
      "summary { listeners_examined: 14 namespaces_examined: 5 nodes_expected: 1 nodes_answered: 1 }")};
  const Result result = RunWith(server, {"describe", "-n", "shop", "web-0"});
  EXPECT_EQ(result.exit_code, kExitError);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.notes,
            "listenq: nothing matches pod web-0, namespace shop: 14 listeners in 5 namespaces looked at\n"
            "         `listenq namespaces` shows what there is\n");
}

TEST(Describe, SaysHowManyMoreMatchAndWhoIsMissing) {
  fakes::FakeObserver server;
  server.namespaces_responses = {
      Proto<v1::ListNamespacesResponse>("batch { node_name: 'a' namespaces { netns { names: 'blue' } } }"),
      Proto<v1::ListNamespacesResponse>("summary { rows_matched: 3 nodes_expected: 2 nodes_answered: 1 }")};
  const Result result = RunWith(server, {"describe", "--netns", "blue"});
  EXPECT_EQ(result.exit_code, kExitPartial);
  EXPECT_EQ(result.out, "netns blue   a · netns 0\n\nNothing listens here.\n\nNo findings.\n");
  EXPECT_EQ(result.notes,
            "1 of 2 nodes answered: the answer is incomplete\n"
            "2 more match: name one, or take more with --limit\n");
  EXPECT_EQ(RunWith(server, {"describe", "--netns", "blue", "-o", "yaml"}).out.substr(0, 21),
            "items:\n  - nodeName: ");
}

v1::SummarizeSysctlsResponse TwoValues() {
  return Proto<v1::SummarizeSysctlsResponse>(R"(
    sysctls { name: 'net.core.somaxconn' host: '4096'
      values { value: '4096' namespace_count: 1167 }
      values { value: '128' namespace_count: 37
               samples { node_name: 'a' owners { namespace: 'shop' pod: 'api-1' workload: 'Deployment api' } } } }
    node_statuses { node_name: 'a' state: NODE_STATE_OK }
    summary { rows_matched: 1204 namespaces_examined: 1204 nodes_expected: 1 nodes_answered: 1
              unobservable_namespaces: 2 })");
}

TEST(SysctlsBy, ValueAsksForCountsAndSamples) {
  fakes::FakeObserver server;
  server.sysctls_response = TwoValues();
  const Result result = RunWith(server, {"sysctls", "net.core.somaxconn", "-n", "shop", "--by", "value"});
  EXPECT_EQ(server.sysctls_request.ShortDebugString(),
            "filter { namespaces: \"shop\" } names: \"net.core.somaxconn\" max_samples: 100");
  EXPECT_EQ(result.out,
            "SYSCTL              VALUE  SAME AS           COUNT  OWNERS\n"
            "net.core.somaxconn  128    -           37 of 1,204  shop/api (Deployment), 36 more\n"
            "net.core.somaxconn  4096   host     1,167 of 1,204  -\n");
  EXPECT_EQ(
      result.notes,
      "2 namespaces are not observable: a guest kernel owns their sockets (listenq namespaces -o wide)\n");
  EXPECT_EQ(RunWith(server, {"sysctls", "--by", "value", "--limit", "1", "--no-headers"}).out,
            "net.core.somaxconn  128  37 of 1,204  shop/api (Deployment), 36 more\n");
  EXPECT_EQ(server.sysctls_request.ShortDebugString(), "filter { }");
  RunWith(server, {"sysctls", "net.*", "--by", "value"});
  EXPECT_EQ(server.sysctls_request.max_samples(), 0U);
}

TEST(SysctlsBy, ValueIsTheApisMessageInJson) {
  fakes::FakeObserver server;
  server.sysctls_response = TwoValues();
  EXPECT_THAT(RunWith(server, {"sysctls", "--by", "value", "-o", "json"}).out, StartsWith(R"({"items":[
  {"name":"net.core.somaxconn","values":[{"unreadableReason":"","namespaceCount":"1167",)"));
  EXPECT_EQ(RunWith(server, {"sysctls", "--by", "value", "-o", "name"}).out, "sysctl/net.core.somaxconn\n");
  EXPECT_EQ(RunWith(server, {"sysctls", "--by", "value", "-o", "csv", "--no-headers"}).out,
            "net.core.somaxconn,,,,128,,37,1204,false,false,\"shop/api (Deployment);36 more\"\n"
            "net.core.somaxconn,,,,4096,,1167,1204,true,false,\n");
}

TEST(SysctlsBy, ValueOfNothingSaysWhatWasLookedAt) {
  fakes::FakeObserver server;
  server.sysctls_response = Proto<v1::SummarizeSysctlsResponse>(
      "sysctls { name: 'net.core.somaxconn' } summary { namespaces_examined: 5 listeners_examined: 14 }");
  const Result result = RunWith(server, {"sysctls", "--by", "value", "-n", "nobody"});
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.notes, "No namespaces match: 14 listeners in 5 namespaces looked at.\n");
}

TEST(SysctlsBy, NodeGroupsAllNamespacesAndCutsGroups) {
  fakes::FakeObserver server;
  for (const char* node_name : {"a", "b"}) {
    v1::ListNamespacesResponse response;
    response.mutable_batch()->set_node_name(node_name);
    for (int i = 0; i < 300; ++i) {
      v1::SysctlValue value;
      value.set_value(i < 3 && node_name == std::string("b") ? "128" : "4096");
      (*response.mutable_batch()->add_namespaces()->mutable_sysctls())["net.core.somaxconn"] = value;
    }
    server.namespaces_responses.push_back(std::move(response));
  }
  const Result result = RunWith(server, {"sysctls", "--by", "node", "--limit", "2"});
  EXPECT_EQ(server.namespaces_request.ShortDebugString(), "filter { } sysctl_names: \"*\"");
  EXPECT_EQ(result.out,
            "SYSCTL              NODE  VALUE       COUNT  OWNERS\n"
            "net.core.somaxconn  b     128      3 of 300  netns 0 (3 namespaces)\n"
            "net.core.somaxconn  a     4096   300 of 300  -\n");
}

TEST(Run, SaysWhatToAskAboutAPodInTheNodesOwnNamespace) {
  fakes::FakeObserver server;
  server.namespaces_responses = {Proto<v1::ListNamespacesResponse>("summary { namespaces_examined: 5 }")};
  const std::string note = "No namespaces match: 0 listeners in 5 namespaces looked at.\n";
  const std::string hint =
      "kube-system/kube-proxy\\x1b lives in the node's own network namespace: `listenq listeners` and "
      "`listenq "
      "describe` show its\nlisteners, --netns host what it shares with the node\n";
  EXPECT_EQ(RunWith(server, {"namespaces", "kube-proxy*"}).notes, note);
  server.listeners_responses = {Proto<v1::ListListenersResponse>(R"(
    batch { listeners { netns { inode: 7 } owners { pod: 'other' } }
            listeners { netns { host: true } owners { namespace: 'kube-system' pod: 'kube-proxy\033' } } })")};
  EXPECT_EQ(RunWith(server, {"namespaces", "kube-proxy*"}).notes, note + hint);
  EXPECT_EQ(server.listeners_request.ShortDebugString(), "filter { pods: \"kube-proxy*\" }");
  EXPECT_EQ(RunWith(server, {"sysctls", "--pod", "kube-proxy*"}).notes, note + hint);
  EXPECT_EQ(RunWith(server, {"sysctls", "-c", "proxy", "--by", "node"}).notes, note + hint);
  EXPECT_EQ(RunWith(server, {"namespaces", "-n", "kube-system"}).notes, note);
  server.namespaces_responses[0].mutable_summary()->set_rows_matched(1);
  EXPECT_EQ(RunWith(server, {"namespaces", "kube-proxy*"}).notes, note);
}

TEST(Run, CompletesNamesALineEach) {
  fakes::FakeObserver server;
  server.namespaces_responses = {Proto<v1::ListNamespacesResponse>(R"(
    batch { namespaces { owners { namespace: 'shop' pod: 'web-0' } }
            namespaces { owners { namespace: 'mq' pod: 'emqx-0' } } })")};
  server.sysctls_response.add_sysctls()->set_name("net.core.somaxconn");
  const Result pods = RunWith(server, {"__complete", "pods", "listeners", "-n", "shop"});
  EXPECT_EQ(pods.out, "web-0\n");
  EXPECT_EQ(server.namespaces_request.ShortDebugString(), "");
  EXPECT_EQ(RunWith(server, {"__complete", "sysctls", "sysctls"}).out, "net.core.somaxconn\n");
  server.findings_responses = OneFinding();
  EXPECT_EQ(RunWith(server, {"__complete", "rules", "findings", "--rule"}).out, "limit-latched\n");
}

TEST(Run, CompletesNothingInSilenceWithoutAnAnswer) {
  fakes::FakeObserver server;
  server.end = {grpc::StatusCode::UNAVAILABLE, "connection refused"};
  for (const char* kind : {"pods", "sysctls"}) {
    const Result result = RunWith(server, {"__complete", kind, "listeners"});
    EXPECT_EQ(result.exit_code, kExitOk);
    EXPECT_EQ(result.out + result.notes, "");
  }
}

TEST(Run, TakesAValueThatTheServerRejectsForWrongUsage) {
  fakes::FakeObserver server;
  server.end = {grpc::StatusCode::INVALID_ARGUMENT, "pod x\x1b: not a name"};
  const Result result = RunWith(server, {"listeners", "x"});
  EXPECT_EQ(result.exit_code, kExitUsage);
  EXPECT_EQ(result.notes, "listenq: pod x\\x1b: not a name\n");
}

TEST(Run, FailsOnErrors) {
  fakes::FakeObserver server;
  server.end = {grpc::StatusCode::INTERNAL, "broken"};
  const Result result = RunWith(server, {"listeners"});
  EXPECT_EQ(result.exit_code, kExitError);
  EXPECT_EQ(result.notes, "listenq: fake: broken\n");
}

TEST(Run, EndsQuietlyWhenNobodyReads) {
  fakes::FakeObserver server;
  server.listeners_responses = PartialAnswer();
  server.listeners_responses.resize(2);
  const Result result = RunWith(server, {"listeners"}, absl::AbortedError("nobody reads standard output"));
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_EQ(result.notes, "");
}

TEST(Run, FailsWhenTheOutputCannotBeWritten) {
  fakes::FakeObserver server;
  const Result result =
      RunWith(server, {"listeners", "-o", "json"}, absl::DataLossError("write standard output: full"));
  EXPECT_EQ(result.exit_code, kExitError);
}

TEST(Run, FollowsDropsALineEach) {
  fakes::FakeObserver server;
  server.watch_responses = {
      Proto<v1::WatchDropsResponse>("node_status { node_name: 'a' state: NODE_STATE_OK }"),
      Proto<v1::WatchDropsResponse>("event { episode_id: 1 missed_events: 4 }"),
      Proto<v1::WatchDropsResponse>("event { episode_id: 2 }")};
  const Result result = RunWith(server, {"drops", "-w", "-o", "name"});
  EXPECT_EQ(result.out, "drops/1\ndrops/2\n");
  EXPECT_EQ(result.notes,
            "Read too slowly: 4 events are missing here\nlistenq: the server ended the stream\n");
  EXPECT_EQ(result.exit_code, kExitError);
}

TEST(Run, FollowsDropsOfSeveralNodesByNode) {
  fakes::FakeObserver server;
  server.watch_responses = {Proto<v1::WatchDropsResponse>(
      "event { node_name: 'node-2' episode_id: 1 unattributed: 3 netns { names: 'blue' } "
      "interval_end_time { seconds: 1 } }")};
  EXPECT_THAT(RunWith(server, {"drops", "-w"}).out, Not(HasSubstr("node-2")));
  server.nodes_response = Proto<v1::ListNodesResponse>(
      "nodes { status { node_name: 'node-1' } } nodes { status { node_name: 'node-2' } }");
  EXPECT_THAT(RunWith(server, {"drops", "-w"}).out, HasSubstr("NODE          WHERE"));
  EXPECT_THAT(RunWith(server, {"drops", "-w"}).out, HasSubstr("node-2        netns blue"));
  EXPECT_EQ(RunWith(server, {"drops", "-w", "-o", "name"}).out, "node-2/drops/1\n");
}

TEST(Run, PrintsTopOnceWithoutHeadlineWhereNoneIsWanted) {
  fakes::FakeObserver server;
  server.listeners_responses = PartialAnswer();
  const Result result = RunWith(server, {"top", "-n", "20", "--no-headers"});
  EXPECT_EQ(server.listeners_request.limit(), 20U);
  EXPECT_EQ(result.out, "1/5  █               a  netns blue  0.0.0.0:80\n");
}

}  // namespace
}  // namespace listenq::client
