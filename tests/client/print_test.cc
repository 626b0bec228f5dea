#include "client/print.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client/command_line.h"
#include "tests/client/rows.h"

namespace listenq::client {
namespace {

using ::testing::StartsWith;

v1::NodeStatus Status(const std::string& name, v1::NodeState state, const std::string& message = "") {
  v1::NodeStatus status;
  status.set_node_name(name);
  status.set_state(state);
  status.set_message(message);
  return status;
}

const v1::NodeStatus kOk = Status("a", v1::NODE_STATE_OK);
const v1::NodeStatus kPartial = Status("b", v1::NODE_STATE_PARTIAL, "3 namespaces could not be read");
const v1::NodeStatus kSilent = Status("node-17", v1::NODE_STATE_UNAVAILABLE, "deadline exceeded");

v1::Summary Nodes(uint32_t expected, uint32_t answered) {
  v1::Summary summary;
  summary.set_nodes_expected(expected);
  summary.set_nodes_answered(answered);
  return summary;
}

TEST(ExitCodeOf, TellsPartialFromFailed) {
  EXPECT_EQ(ExitCodeOf({kOk}, Nodes(1, 1)), kExitOk);
  EXPECT_EQ(ExitCodeOf({kPartial}, Nodes(1, 1)), kExitOk);
  EXPECT_EQ(ExitCodeOf({kSilent}, Nodes(1, 0)), kExitError);
  EXPECT_EQ(ExitCodeOf({kOk, kSilent}, Nodes(2, 1)), kExitPartial);
  EXPECT_EQ(ExitCodeOf({kSilent, kSilent}, Nodes(2, 0)), kExitError);
  EXPECT_EQ(ExitCodeOf({}, Nodes(213, 212)), kExitPartial);
  EXPECT_EQ(ExitCodeOf({Status("a", v1::NODE_STATE_STARTING)}, Nodes(1, 0)), kExitError);
}

TEST(NodeNotes, HasALineForEachNodeThatDidNotAnswerInFull) {
  EXPECT_EQ(NodeNotes({kOk, kPartial, kSilent}, Nodes(3, 2)),
            "b: 3 namespaces could not be read\n"
            "node-17: deadline exceeded\n"
            "2 of 3 nodes answered: the answer is incomplete\n");
  EXPECT_EQ(NodeNotes({Status("a\x1b", v1::NODE_STATE_STARTING)}, Nodes(1, 1)), "a\\x1b: starting\n");
  EXPECT_EQ(NodeNotes({kOk}, Nodes(1, 1)), "");
}

TEST(NodeNotes, SayThatNodesMayBeMissingOfWhichNothingIsKnown) {
  v1::Summary summary = Nodes(1, 1);
  summary.set_fleet_size_unknown(true);
  EXPECT_EQ(NodeNotes({kOk}, summary),
            "The size of the fleet is not known: nodes without an agent are not in this answer\n");
  EXPECT_EQ(ExitCodeOf({kOk}, summary), kExitOk);
}

TEST(EmptyNote, SaysWhatWasLookedAt) {
  EXPECT_EQ(EmptyNote("listeners", Proto<v1::Summary>("listeners_examined: 14 namespaces_examined: 5")),
            "No listeners match: 14 listeners in 5 namespaces looked at.\n");
}

TEST(NoFindingsNote, SaysWhatWasLookedAt) {
  const auto summary = Proto<v1::Summary>("listeners_examined: 16 namespaces_examined: 10");
  EXPECT_EQ(NoFindingsNote(SeverityFloor::kAll, false, summary),
            "No findings: 16 listeners in 10 namespaces looked at.\n");
  EXPECT_EQ(NoFindingsNote(SeverityFloor::kInfo, false, summary),
            "No findings: 16 listeners in 10 namespaces looked at.\n");
  EXPECT_EQ(NoFindingsNote(SeverityFloor::kWarning, false, summary),
            "No warning or critical findings: 16 listeners in 10 namespaces looked at.\n");
  EXPECT_EQ(NoFindingsNote(SeverityFloor::kCritical, true, summary),
            "No critical findings match: 16 listeners in 10 namespaces looked at.\n");
}

TEST(EmptyNote, IsNoFactAboutWhatCannotBeSeen) {
  const auto summary =
      Proto<v1::Summary>("listeners_examined: 14 namespaces_examined: 5 unobservable_namespaces: 1");
  EXPECT_EQ(EmptyNote("listeners", summary),
            "No listeners that can be seen match: 14 listeners in 5 namespaces looked at.\n");
}

TEST(UnobservableNote, CountsTheNamespacesOfGuestKernels) {
  EXPECT_EQ(UnobservableNote({}), "");
  EXPECT_EQ(UnobservableNote(Proto<v1::Summary>("unobservable_namespaces: 1")),
            "1 namespace is not observable: a guest kernel owns its sockets (listenq namespaces -o "
            "wide)\n");
  EXPECT_EQ(UnobservableNote(Proto<v1::Summary>("unobservable_namespaces: 2")),
            "2 namespaces are not observable: a guest kernel owns their sockets (listenq namespaces "
            "-o wide)\n");
}

TEST(StaleNote, CountsRowsAndNamesTheOldestTime) {
  const ViewContext context = {.now = absl::FromUnixSeconds(1'800'000'000), .zone = absl::UTCTimeZone()};
  const auto stale = [](int64_t seconds) {
    return absl::StrCat("owners { pod: 'a' stale: true source_time { seconds: ", seconds, " } } ");
  };
  Answer<v1::Listener> listeners;
  listeners.items = {{"n", Proto<v1::Listener>("owners { pod: 'a' source_time { seconds: 1 } }")}};
  EXPECT_EQ(StaleNote(listeners, context), "");
  listeners.items.push_back({"n", Proto<v1::Listener>(stale(1'799'999'990) + stale(1'799'999'940))});
  listeners.items.push_back({"n", Proto<v1::Listener>(stale(1'799'999'980))});
  EXPECT_EQ(StaleNote(listeners, context), "* the names of 2 rows are as of 07:59:00 (listenq nodes)\n");
  Answer<v1::DropEpisode> drops;
  drops.items = {{"n", Proto<v1::DropEpisode>("shares { owners { pod: 'a' stale: true } }")}};
  EXPECT_EQ(StaleNote(drops, context), "* the names of 1 row are old (listenq nodes)\n");
}

std::string PrintedAs(const char* format, const Answer<v1::Listener>& answer) {
  const auto outcome = ParseCommandLine({.program = "listenq", .arguments = {"listeners", "-o", format}});
  return Print(answer, *outcome.options, [] { return ""; }).value_or("");
}

TEST(Print, NamesTellTheNodesOfSeveralApart) {
  Answer<v1::Listener> answer;
  const auto row = Proto<v1::Listener>("local_address: '0.0.0.0' local_port: 80 netns { names: 'blue' }");
  answer.items = {{"node-1", row}, {"node-2", row}};
  EXPECT_EQ(PrintedAs("name", answer), "node-1/listener/blue/0.0.0.0:80\nnode-2/listener/blue/0.0.0.0:80\n");
  answer.items.pop_back();
  EXPECT_EQ(PrintedAs("name", answer), "listener/blue/0.0.0.0:80\n");
}

TEST(Print, NamesOfSysctlsTellTheNodesApart) {
  Answer<v1::Namespace> answer;
  const auto row = Proto<v1::Namespace>("netns { names: 'blue' } sysctls { key: 'a' value { value: '1' } }");
  answer.items = {{"node-1", row}, {"node-2", row}};
  EXPECT_EQ(SysctlNames(answer), "node-1/sysctl/blue/a\nnode-2/sysctl/blue/a\n");
}

TEST(Print, CsvOfNodesBeginsWithTheNode) {
  Answer<v1::Node> answer;
  answer.items = {{"", Proto<v1::Node>("status { node_name: 'node-1' }")}};
  Options options;
  options.output = OutputFormat::kCsv;
  options.headers = false;
  EXPECT_THAT(Print(answer, options, [] { return ""; }).value_or(""), StartsWith("node-1,"));
}

TEST(SysctlsCsv, HasARowForEachValue) {
  Answer<v1::Namespace> answer;
  answer.items = {
      {"n", Proto<v1::Namespace>(R"(netns { inode: 9 names: "blue" } owners { namespace: "shop" pod: "api" }
    sysctls { key: "net.ipv4.tcp_rmem" value { value: "4096 131072 6291456" } }
    sysctls { key: "net.core.somaxconn" value { unreadable_reason: "gone" } })")}};
  EXPECT_EQ(SysctlsCsv(answer, true),
            "nodeName,netns.inode,netns.name,owners.namespace,owners.pod,owners.container,name,value,"
            "unreadableReason,"
            "declared,host,kernelDefault\n"
            "n,9,blue,shop,api,,net.core.somaxconn,,gone,,,\n"
            "n,9,blue,shop,api,,net.ipv4.tcp_rmem,\"4096 131072 6291456\",,,,\n");
  EXPECT_EQ(SysctlNames(answer), "sysctl/blue/net.core.somaxconn\nsysctl/blue/net.ipv4.tcp_rmem\n");
}

}  // namespace
}  // namespace listenq::client
