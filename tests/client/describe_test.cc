#include "client/describe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/text.h"
#include "tests/client/rows.h"
#include "tests/fakes/fake_observer.h"

namespace listenq::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const ViewContext kContext = {.now = absl::FromUnixSeconds(1'800'000'000), .zone = absl::UTCTimeZone()};
const absl::Time kSince = kContext.now - absl::Minutes(15);

const char kApiOwner[] =
    "owners { namespace: 'shop' pod: 'api-1' container: 'api' workload: 'Deployment api' } ";
const char kApiNetns[] = "netns { boot_id: 'b' inode: 9 } ";
const char kHostNetns[] = "netns { boot_id: 'b' inode: 1 host: true } ";

std::string Api() { return std::string(kApiNetns) + kApiOwner; }

std::string FullListener() {
  return Api() + R"(local_address: '::' local_port: 8080 v6_only: false cookie: 7 queue: 512 limit: 511
    somaxconn: 4096 limit_state: LIMIT_STATE_APPLICATION process_count: 4 processes { comm: 'node' }
    listen_drops { min: 1500 max: 1500 } drops_since_time { seconds: 1799990000 }
    recent_drops { min: 31 max: 31 } recent_interval { seconds: 1 } last_drop_time { seconds: 1799999999 })";
}

std::string FullHistory() {
  return Api() + R"(local_address: '::' local_port: 8080 cookie: 7 limit: 511
    samples { time { seconds: 1799999100 } queue: 0 }
    samples { time { seconds: 1799999500 } queue: 300 }
    samples { time { seconds: 1799999800 } queue: 512 }
    samples { time { seconds: 1799999900 } queue: 512 drops_min: 1204 drops_max: 1204 })";
}

Subject ApiSubject() {
  Subject subject;
  subject.node_name = "node-3";
  subject.row = Proto<v1::Namespace>(Api());
  subject.netns = subject.row->netns();
  subject.owners = {subject.row->owners().begin(), subject.row->owners().end()};
  return subject;
}

Description Only(Subject subject) {
  Description description;
  description.node_statuses = {Proto<v1::NodeStatus>("node_name: 'node-3' age { nanos: 400000000 }")};
  description.subjects.push_back(std::move(subject));
  return description;
}

std::string TextOf(const Subject& subject, const TableStyle& style = {.width = 100}) {
  return DescriptionText(Only(subject), kContext, kSince, style);
}

TEST(DescriptionText, IsOneScreen) {
  Subject subject = ApiSubject();
  subject.listeners = {
      Proto<v1::Listener>(FullListener()),
      Proto<v1::Listener>(Api() + "local_address: '127.0.0.1' local_port: 9 queue: 1 limit: 128 "
                                  "limit_state: LIMIT_STATE_SOMAXCONN")};
  subject.histories = {Proto<v1::ListenerHistory>(FullHistory())};
  subject.findings = {Proto<v1::Finding>(Api() + R"(rule_id: 'backlog-too-small' severity: SEVERITY_CRITICAL
    listener { local_address: '::' local_port: 8080 v6_only: false } since_time { seconds: 1799999800 }
    explanation: 'The application asked for only 511.' fix: 'Node.js: raise the backlog'
    evidence { name: 'limit' value: '511' } no_help: 'somaxconn' price: '10.5 MiB')")};
  (*subject.row->mutable_counters())["TcpExtListenDrops"] = 1204;
  (*subject.row->mutable_counters())["TcpExtListenOverflows"] = 1204;
  (*subject.row->mutable_counters())["TcpExtPAWSEstab"] = 0;
  (*subject.row->mutable_sysctls())["net.ipv4.ip_local_port_range"] = Proto<v1::SysctlValue>(
      "value: '20000 60000' host: '1024 65535' declared: '20000 60000' kernel_default: '32768 60999'");
  (*subject.row->mutable_sysctls())["net.core.somaxconn"] =
      Proto<v1::SysctlValue>("value: '4096' host: '4096' kernel_default: '4096'");
  (*subject.row->mutable_sysctls())["net.ipv4.tcp_ehash_entries"] =
      Proto<v1::SysctlValue>("value: '-262144' host: '262144'");
  subject.connections = Proto<v1::ConnectionSummary>(R"(
    by_state { key: 'TIME_WAIT' value: 88 } by_state { key: 'ESTABLISHED' value: 412 }
    syn_queues { local_address: '::' local_port: 8080 syn_recv: 3 }
    destinations { remote_address: '10.0.7.12' remote_port: 5432 ports_in_use: 412 time_wait: 12 }
    ephemeral_first: 20000 ephemeral_last: 60000)");
  EXPECT_EQ(TextOf(subject),
            "shop/api-1   node-3 · Deployment api · container api · netns 9 · read 0.4s ago\n"
            "\n"
            "*:8080  node (4)   FULL since 07:56:40 (3m20s)\n"
            "  queue  ▁▁▁▁▁▁▁▅▅▅▅▅████  512 of 511 (full holds one more), peak 512 in 15m\n"
            "  drops  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁█▁  1,204 in 15m, 31.0/s now, 1,500 since 05:13:20\n"
            "  limit  511, asked for by the application; net.core.somaxconn is 4096 here\n"
            "\n"
            "Quiet listeners  QUEUE  LIMIT  LIMITED BY\n"
            "  127.0.0.1:9        1    128  somaxconn, or as asked\n"
            "\n"
            "Why\n"
            "  ✗ backlog-too-small   critical, *:8080, since 07:56:40\n"
            "    The application asked for only 511.\n"
            "    evidence  limit 511\n"
            "    fix       Node.js: raise the backlog\n"
            "    no help   somaxconn\n"
            "    price     10.5 MiB\n"
            "\n"
            "Sysctls that differ             KERNEL DEFAULT  HOST        DECLARED     IN FORCE\n"
            "  net.ipv4.ip_local_port_range  32768 60999     1024 65535  20000 60000  20000 60000\n"
            "\n"
            "Counters  TcpExtListenDrops 1,204 · TcpExtListenOverflows 1,204 (since the namespace began)\n"
            "States    ESTABLISHED 412 · TIME_WAIT 88\n"
            "SYN_RECV  3 at [::]:8080\n"
            "Ports     412 of 40,001 ephemeral ports to 10.0.7.12:5432 (1.0%), 12 of them in TIME_WAIT\n");
}

TEST(DescriptionText, OfWhatIsQuietIsShort) {
  Subject subject = ApiSubject();
  (*subject.row->mutable_counters())["TcpExtListenDrops"] = 0;
  subject.connections = Proto<v1::ConnectionSummary>("ephemeral_first: 32768 ephemeral_last: 60999");
  EXPECT_EQ(TextOf(subject),
            "shop/api-1   node-3 · Deployment api · container api · netns 9 · read 0.4s ago\n"
            "\n"
            "Nothing listens here.\n"
            "\n"
            "No findings.\n"
            "\n"
            "Counters  none that tells of a loss has moved\n"
            "States    no connections\n"
            "Ports     28,232 ephemeral ports, none in use\n");
}

TEST(DescriptionText, SaysWhatCouldNotBeHad) {
  Description description = Only(ApiSubject());
  description.subjects[0].row->add_errors()->set_part("sysctls");
  description.subjects[0].row->mutable_errors(0)->set_reason("permission denied");
  description.errors = {Proto<v1::PartError>("part: 'findings' reason: 'not served'")};
  EXPECT_EQ(DescriptionText(description, kContext, kSince, {}),
            "shop/api-1   node-3 · Deployment api · container api · netns 9 · read 0.4s ago\n"
            "\n"
            "Nothing listens here.\n"
            "\n"
            "Not to be had\n"
            "  sysctls      permission denied\n"
            "  findings     not served\n");
}

TEST(DescriptionText, HasNoNumbersOfAGuestKernel) {
  Subject subject = ApiSubject();
  subject.row->set_not_observable_reason("not observable: guest kernel (gVisor, runtime handler runsc)");
  (*subject.row->mutable_counters())["TcpExtListenDrops"] = 5;
  EXPECT_EQ(TextOf(subject),
            "shop/api-1   node-3 · Deployment api · container api · netns 9 · read 0.4s ago\n"
            "\n"
            "not observable: guest kernel (gVisor, runtime handler runsc)\n");
}

TEST(DescriptionText, GivesNothingOfTheNodeToAPodOfItsNamespace) {
  Subject subject;
  subject.netns = Proto<v1::Netns>("inode: 1 host: true");
  subject.owners = {Proto<v1::Owner>("namespace: 'kube-system' pod: 'kube-proxy-1'")};
  subject.listeners = {
      Proto<v1::Listener>("local_address: '127.0.0.1' local_port: 10249 queue: 0 limit: 128")};
  EXPECT_EQ(TextOf(subject),
            "kube-system/kube-proxy-1   in the node's own network namespace\n"
            "\n"
            "127.0.0.1:10249\n"
            "  queue  0 of 128\n"
            "  drops  not known\n"
            "  limit  128\n"
            "\n"
            "No findings.\n"
            "\n"
            "Counters, sysctls and ports here are the node's: listenq describe --netns host\n");
}

TEST(DescriptionText, ColoursWhatWantsAction) {
  Subject subject = ApiSubject();
  subject.listeners = {Proto<v1::Listener>(FullListener())};
  subject.findings = {Proto<v1::Finding>("rule_id: 'r' severity: SEVERITY_WARNING")};
  (*subject.row->mutable_sysctls())["net.core.somaxconn"] =
      Proto<v1::SysctlValue>("value: '4096' declared: '8192'");
  const std::string text = TextOf(subject, {.width = 100, .color = true});
  EXPECT_THAT(text, HasSubstr("node (4)   \x1b[31mFULL\x1b[0m\n"));
  EXPECT_THAT(text, HasSubstr("✗ r   \x1b[33mwarning\x1b[0m\n"));
  EXPECT_THAT(text, HasSubstr("8192      \x1b[33m4096 ✗\x1b[0m\n"));
}

TEST(DescriptionText, BreaksAVerdictWhereItIsNarrow) {
  Subject subject = ApiSubject();
  subject.findings = {
      Proto<v1::Finding>("rule_id: 'r' severity: SEVERITY_INFO since_time { seconds: 1799999800 }")};
  EXPECT_THAT(TextOf(subject, {.width = 32}), HasSubstr("\n  i r   info, since 07:56:40\n"));
  EXPECT_THAT(TextOf(subject, {.width = 24}), HasSubstr("\n  i r\n    info, since 07:56:40\n"));
}

TEST(DescriptionText, BoundsWhatAHostilePodHas) {
  Subject subject = ApiSubject();
  for (uint32_t port = 1; port <= 300; ++port) {
    subject.listeners.push_back(Proto<v1::Listener>(FullListener()));
    subject.listeners.back().set_local_port(port);
    subject.listeners.back().mutable_processes(0)->set_comm("a\x1b[2J" + std::string(200, 'x'));
    subject.findings.push_back(Proto<v1::Finding>(R"(rule_id: 'r\033]0;' explanation: 'long')"));
    (*subject.row->mutable_sysctls())["net.x\x1b" + std::to_string(port)] =
        Proto<v1::SysctlValue>("value: '4096' host: '8192'");
  }
  const std::string text = TextOf(subject);
  EXPECT_THAT(text, HasSubstr("  and 288 more: listenq listeners --netns 9\n"));
  EXPECT_THAT(text, HasSubstr("  and 294 more: listenq findings --netns 9\n"));
  EXPECT_THAT(text, HasSubstr("  and 288 more: listenq sysctls --netns 9\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  for (size_t start = 0; start < text.size();) {
    const size_t end = text.find('\n', start);
    EXPECT_LE(DisplayWidth(text.substr(start, end - start)), 100U) << text.substr(start, end - start);
    start = end + 1;
  }
}

v1::ListNamespacesResponse Namespaces(const std::string& rows) {
  return Proto<v1::ListNamespacesResponse>("batch { node_name: 'node-3' " + rows + " }");
}

class DescribeCall : public ::testing::Test {
 protected:
  DescribeCall() {
    server_.namespaces_responses = {
        Namespaces("namespaces { " + Api() + " }"),
        Proto<v1::ListNamespacesResponse>("summary { rows_matched: 1 nodes_expected: 1 nodes_answered: 1 }")};
    server_.listeners_responses = {Proto<v1::ListListenersResponse>(
        "batch { node_name: 'node-3' listeners { " + FullListener() + " } listeners { " + kHostNetns +
        "owners { namespace: 'shop' pod: 'guest' } } listeners { " + kHostNetns +
        "owners { namespace: 'shop' pod: 'other' } } }")};
    server_.history_responses = {
        Proto<v1::GetHistoryResponse>("batch { node_name: 'node-3' histories { " + FullHistory() + " } }")};
    server_.findings_responses = {Proto<v1::ListFindingsResponse>(
        "batch { node_name: 'node-3' findings { rule_id: 'a' " + Api() + " } findings { rule_id: 'b' " +
        kHostNetns +
        "owners { namespace: 'shop' pod: 'guest' } } findings { rule_id: 'c' netns { inode: 77 } } }")};
    server_.connections_response =
        Proto<v1::SummarizeConnectionsResponse>("connections { node_name: 'node-3' " + Api() +
                                                " } connections { node_name: 'node-4' " + Api() + " }");
  }

  Description Call(uint32_t limit = 0) {
    Options options;
    options.selection.namespaces = {"shop"};
    options.limit = limit;
    ObserverClient client(server_.Channel(), {.server = "fake"}, absl::Seconds(20));
    auto description = Describe(client, options, kSince);
    EXPECT_TRUE(description.ok()) << description.status();
    return description.ok() ? *std::move(description) : Description();
  }

  fakes::FakeObserver server_;
};

TEST_F(DescribeCall, GivesEachRowToItsSubject) {
  const Description description = Call();
  ASSERT_EQ(description.subjects.size(), 3U);
  const Subject& api = description.subjects[0];
  EXPECT_EQ(api.listeners.size(), 1U);
  EXPECT_EQ(api.histories.size(), 1U);
  ASSERT_EQ(api.findings.size(), 1U);
  EXPECT_EQ(api.findings[0].rule_id(), "a");
  EXPECT_TRUE(api.connections.has_value());
  const Subject& guest = description.subjects[1];
  EXPECT_FALSE(guest.row.has_value());
  EXPECT_EQ(guest.owners[0].pod(), "guest");
  EXPECT_EQ(guest.listeners.size(), 1U);
  ASSERT_EQ(guest.findings.size(), 1U);
  EXPECT_EQ(guest.findings[0].rule_id(), "b");
  EXPECT_EQ(description.subjects[2].findings.size(), 0U);
  EXPECT_EQ(description.more, 0U);
  EXPECT_TRUE(description.errors.empty());
}

TEST_F(DescribeCall, AsksForTheSubjectsAlone) {
  Call();
  EXPECT_EQ(server_.namespaces_request.limit(), 5U);
  EXPECT_EQ(server_.findings_request.ShortDebugString(), "filter { namespaces: \"shop\" }");
  EXPECT_EQ(server_.history_request.since_time().seconds(), 1'799'999'100);
  EXPECT_EQ(server_.connections_request.time_limit().seconds(), 1);
  Call(1);
  EXPECT_EQ(server_.listeners_request.ShortDebugString(), "filter { namespaces: \"shop\" netns_inodes: 9 }");
  EXPECT_EQ(server_.findings_request.ShortDebugString(), "filter { namespaces: \"shop\" netns_inodes: 9 }");
}

// Namespaces first; the four other questions wait for each other.
TEST_F(DescribeCall, AsksForAllPartsAtOnce) {
  server_.meeting = 5;
  const Description description = Call();
  EXPECT_TRUE(description.errors.empty());
  EXPECT_TRUE(description.subjects[0].connections.has_value());
}

TEST_F(DescribeCall, CountsWhatItLeavesOut) {
  EXPECT_EQ(Call(2).subjects.size(), 2U);
  EXPECT_EQ(Call(2).more, 1U);
  server_.namespaces_responses.back().mutable_summary()->set_rows_matched(9);
  EXPECT_EQ(Call(1).more, 10U);
}

TEST_F(DescribeCall, DoesWithoutConnections) {
  server_.connections_end = {grpc::StatusCode::UNIMPLEMENTED, "not yet"};
  const Description description = Call();
  ASSERT_EQ(description.errors.size(), 1U);
  EXPECT_EQ(description.errors[0].part(), "connections");
  EXPECT_EQ(description.errors[0].reason(), "fake does not serve this question: not yet");
  EXPECT_FALSE(description.subjects[0].connections.has_value());
  EXPECT_EQ(description.subjects[0].findings.size(), 1U);
}

TEST(DescriptionToJson, NamesThePartsAsTheApiDoes) {
  Description description = Only(ApiSubject());
  description.subjects[0].listeners = {Proto<v1::Listener>("queue: 1")};
  description.errors = {Proto<v1::PartError>("part: 'connections' reason: 'x'")};
  const std::string json = DescriptionToJson(description);
  EXPECT_THAT(json, HasSubstr("{\"items\":[\n  {\"nodeName\":\"node-3\",\"namespace\":{\"netns\":{"));
  EXPECT_THAT(json, HasSubstr("},\"listeners\":[{\"owners\":[]"));
  EXPECT_THAT(json, HasSubstr("],\"histories\":[],\"findings\":[],\"errors\":[{\"part\":\"connections\","
                              "\"reason\":\"x\"}]}\n],\n\"nodeStatuses\":["));
  EXPECT_THAT(json, Not(HasSubstr("\"connections\":")));
}

TEST(SelectionText, SaysWhatWasAskedFor) {
  Selection selection;
  selection.pods = {"a", "b"};
  selection.namespaces = {"shop"};
  selection.netns_inodes = {9};
  selection.label_selector = "app=web";
  selection.only_dropping = true;
  EXPECT_EQ(SelectionText(selection), "pod a or b, namespace shop, labels app=web, netns 9, dropping");
}

}  // namespace
}  // namespace listenq::client
