#include "client/encode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "tests/client/rows.h"

namespace listenq::client {
namespace {

using ::testing::HasSubstr;

TEST(ToJson, PrintsZeroAndLeavesOutWhatIsAbsent) {
  EXPECT_EQ(ToJson(Proto<v1::ListenDrops>("attribution: ATTRIBUTION_EXACT"), "n"),
            R"({"nodeName":"n","min":"0","max":"0","attribution":"ATTRIBUTION_EXACT","inferred":"0"})");
  const std::string json = ToJson(Proto<v1::Listener>("queue: 0"));
  EXPECT_THAT(json, HasSubstr(R"("queue":0)"));
  EXPECT_THAT(json, ::testing::Not(HasSubstr(R"("limit":)")));
}

TEST(ToJson, EscapesWhatCouldMoveACursor) {
  EXPECT_EQ(ToJson(Proto<v1::PartError>(R"(part: "\033[2J\n" reason: "\302\233\342\200\256\177")")),
            R"({"part":"\u001b[2J\n","reason":"\u009b\u202e\u007f"})");
}

TEST(ToJson, NamesTheNodeOnce) {
  EXPECT_EQ(ToJson(Proto<v1::SysctlSample>("node_name: 'a'"), "a"), R"({"nodeName":"a","owners":[]})");
}

TEST(AnswerToJson, HasItemsStatusesAndSummary) {
  Answer<v1::ListenDrops> answer;
  answer.items = {{"a", Proto<v1::ListenDrops>("min: 1")}};
  answer.node_statuses = {
      Proto<v1::NodeStatus>("node_name: 'b' state: NODE_STATE_UNAVAILABLE message: 'late'")};
  EXPECT_EQ(
      AnswerToJson(answer),
      "{\"items\":[\n"
      "  "
      "{\"nodeName\":\"a\",\"min\":\"1\",\"max\":\"0\",\"attribution\":\"ATTRIBUTION_UNSPECIFIED\","
      "\"inferred\":\"0\"}\n"
      "],\n"
      "\"nodeStatuses\":[\n"
      "  {\"nodeName\":\"b\",\"state\":\"NODE_STATE_UNAVAILABLE\",\"message\":\"late\",\"apiMinor\":0}\n"
      "],\n"
      "\"summary\":{\"rowsMatched\":\"0\",\"rowsReturned\":\"0\",\"namespacesExamined\":\"0\","
      "\"listenersExamined\":\"0\","
      "\"nodesExpected\":0,\"nodesAnswered\":0,\"truncated\":false,\"unobservableNamespaces\":\"0\","
      "\"fleetSizeUnknown\":false}}\n");
  EXPECT_EQ(AnswerToJsonLine(Answer<v1::ListenDrops>()).find('\n'),
            AnswerToJsonLine(Answer<v1::ListenDrops>()).size() - 1);
}

TEST(JsonToYaml, KeepsStringsStrings) {
  EXPECT_EQ(*JsonToYaml(
                R"({"a":"123","b":123,"c":"true","d":true,"e":"","f":"web-0","g":[],"h":{},"i":"null",)"
                R"("j":"0x1f","k":"12:30","l":"- x","m":"2026-01-01T00:00:00Z","n":"1_000","o":[1,"x: y"]})"),
            "a: \"123\"\n"
            "b: 123\n"
            "c: \"true\"\n"
            "d: true\n"
            "e: \"\"\n"
            "f: web-0\n"
            "g:\n"
            "  []\n"
            "h:\n"
            "  {}\n"
            "i: \"null\"\n"
            "j: \"0x1f\"\n"
            "k: \"12:30\"\n"
            "l: \"- x\"\n"
            "m: \"2026-01-01T00:00:00Z\"\n"
            "\"n\": \"1_000\"\n"
            "o:\n"
            "  - 1\n"
            "  - \"x: y\"\n");
}

TEST(JsonToYaml, EscapesWhatCouldMoveACursor) {
  EXPECT_EQ(*JsonToYaml("{\"a\":\"\\u001b[2J\\u009b\\u202e\"}"), "a: \"\\x1b[2J\\x9b\\u202e\"\n");
}

TEST(JsonToYaml, ReadsBackAsTheSameTree) {
  Answer<v1::Listener> answer;
  answer.items = {
      {"n", Proto<v1::Listener>(R"(local_address: "::" local_port: 80 queue: 7 cookie: 18446744073709551615
    owners { pod: "1e3" labels { key: "app" value: "on" } } processes { pid: 1 comm: "a\n\tb\\\"" })")}};
  const YAML::Node yaml = YAML::Load(*JsonToYaml(AnswerToJson(answer)));
  const YAML::Node item = yaml["items"][0];
  EXPECT_EQ(item["nodeName"].as<std::string>(), "n");
  EXPECT_EQ(item["localAddress"].as<std::string>(), "::");
  EXPECT_EQ(item["queue"].as<int>(), 7);
  EXPECT_EQ(item["cookie"].Tag(), "!");
  EXPECT_EQ(item["cookie"].as<std::string>(), "18446744073709551615");
  EXPECT_EQ(item["owners"][0]["pod"].Tag(), "!");
  EXPECT_EQ(item["owners"][0]["labels"]["app"].Tag(), "!");
  EXPECT_EQ(item["processes"][0]["comm"].as<std::string>(), "a\n\tb\\\"");
}

TEST(CsvQuote, QuotesWhatASpreadsheetOrAParserWouldRead) {
  EXPECT_EQ(CsvQuote(""), "");
  EXPECT_EQ(CsvQuote("10.0.0.1:80"), "10.0.0.1:80");
  EXPECT_EQ(CsvQuote("a,b"), "\"a,b\"");
  EXPECT_EQ(CsvQuote("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(CsvQuote("=1+1"), "\"=1+1\"");
  EXPECT_EQ(CsvQuote("-1"), "\"-1\"");
  EXPECT_EQ(CsvQuote("@x"), "\"@x\"");
  EXPECT_EQ(CsvQuote("a\nb\x1b"), "\"a\\x0ab\\x1b\"");
}

TEST(Csv, HasAColumnForEachField) {
  EXPECT_EQ(CsvHeader(*v1::DropEpisode::descriptor()).substr(0, 100),
            std::string("nodeName,id,netns.bootId,netns.cookie,netns.inode,netns.dev,netns.firstSeenTime,"
                        "netns.names,netns.host,"
                        "owners.namespace")
                .substr(0, 100));
  const auto owner = Proto<v1::SysctlSample>(R"(node_name: "n" netns { inode: 9 }
    owners { pod: "a" labels { key: "x" value: "1" } labels { key: "b" value: "2" } } owners { pod: "b" })");
  EXPECT_EQ(
      CsvHeader(*v1::SysctlSample::descriptor()),
      "nodeName,netns.bootId,netns.cookie,netns.inode,netns.dev,netns.firstSeenTime,netns.names,"
      "netns.host,"
      "owners.namespace,owners.pod,owners.podUid,owners.container,owners.containerId,owners.image,owners."
      "labels,"
      "owners.workload,owners.runtimeHandler,owners.source,owners.sourceTime,owners.stale,owners.runtime,"
      "owners.process.pid,owners.process.comm,owners.process.containerId\n");
  EXPECT_EQ(CsvRow(owner, ""),
            "n,,,9,0,,,false,\";\",\"a;b\",\";\",\";\",\";\",\";\",\"b=2;x=1;\",\";\",\";\","
            "\"OWNER_SOURCE_UNSPECIFIED;OWNER_SOURCE_UNSPECIFIED\",\";\",\"false;false\",\";\",,,\n");
}

TEST(Csv, NamesTheNodeOnce) {
  const auto event = Proto<v1::DropEvent>("node_name: 'a' episode_id: 7");
  EXPECT_EQ(CsvHeader(*event.GetDescriptor()).substr(0, 46),
            "nodeName,intervalStartTime,intervalEndTime,epi");
  EXPECT_EQ(CsvRow(event, "").substr(0, 6), "a,,,7,");
}

TEST(Csv, RowsHaveAsManyCellsAsTheHeader) {
  const auto commas = [](const std::string& text) { return std::count(text.begin(), text.end(), ','); };
  EXPECT_EQ(commas(CsvHeader(*v1::Namespace::descriptor())), commas(CsvRow(v1::Namespace(), "")));
  EXPECT_EQ(commas(CsvHeader(*v1::Listener::descriptor())), commas(CsvRow(v1::Listener(), "")));
}

}  // namespace
}  // namespace listenq::client
