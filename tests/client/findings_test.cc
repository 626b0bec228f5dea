#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/text.h"
#include "client/views.h"
#include "tests/client/rows.h"

namespace listenq::client {
namespace {

using ::testing::HasSubstr;

const ViewContext kContext = {.now = absl::FromUnixSeconds(1'800'000'000), .zone = absl::UTCTimeZone()};

constexpr char kBacklog[] = R"(
  rule_id: 'backlog-too-small' severity: SEVERITY_CRITICAL node_name: 'node-3' netns { inode: 4026532246 }
  owners { namespace: 'shop' pod: 'api-7f9c5d-x2x4k' container: 'api' }
  listener { owners { namespace: 'shop' pod: 'api-7f9c5d-x2x4k' container: 'api' } local_address: '::'
             local_port: 8080 v6_only: false process_count: 4 processes { comm: 'node' } }
  since_time { seconds: 1799999800 }
  evidence { name: 'TcpExtListenOverflows' value: '1204' window { seconds: 200 } }
  evidence { name: 'limit' value: '511' }
  explanation: 'The accept queue overflowed, and the application itself asked for a backlog of only 511; the namespace would allow 4096.'
  fix: 'Node.js: server.listen({port: 8080, backlog: 4096}), then restart it'
  no_help: 'raising net.core.somaxconn: it is not what limits this queue'
  price: '4096 waiting connections hold about 10.5 MiB of kernel memory that no cgroup is charged for')";
constexpr char kClamp[] = R"(
  rule_id: 'somaxconn-clamp' severity: SEVERITY_WARNING node_name: 'node-3'
  netns { inode: 9 names: 'lqt-cache' } owners { process { comm: 'redis' } }
  explanation: 'The queue comes near its limit.' fix: 'one way\nanother way')";

Answer<v1::Finding> Findings(const std::vector<std::string>& texts) {
  Answer<v1::Finding> answer;
  for (const std::string& text : texts) answer.items.push_back({"node-3", Proto<v1::Finding>(text)});
  return answer;
}

TEST(FindingsText, HasTheExplanationAndTheFixBelowEach) {
  EXPECT_EQ(
      FindingsText(Findings({kBacklog, kClamp}), kContext, {.width = 100}),
      "SEVERITY  RULE               WHERE                  PROCESS   LISTEN  SINCE\n"
      "critical  backlog-too-small  shop/api-7f9c5d-x2x4k  node (4)  *:8080  07:56:40 (3m20s)\n"
      "          The accept queue overflowed, and the application itself asked for a backlog of only 511;\n"
      "          the namespace would allow 4096.\n"
      "          fix  Node.js: server.listen({port: 8080, backlog: 4096}), then restart it\n"
      "warning   somaxconn-clamp    netns lqt-cache        -         -       -\n"
      "          The queue comes near its limit.\n"
      "          fix  one way\n"
      "               another way\n");
}

TEST(FindingsText, ShowsAllOfThemWhenWide) {
  EXPECT_EQ(
      FindingsText(Findings({kBacklog}), kContext, {.wide = true, .headers = false}),
      "critical  backlog-too-small  node-3  shop/api-7f9c5d-x2x4k  node (4)  *:8080  07:56:40 (3m20s)  "
      "4026532246\n"
      "          The accept queue overflowed, and the application itself asked for a backlog of only 511; "
      "the namespace would allow 4096.\n"
      "          evidence  TcpExtListenOverflows 1204 in 3m20s · limit 511\n"
      "          fix       Node.js: server.listen({port: 8080, backlog: 4096}), then restart it\n"
      "          no help   raising net.core.somaxconn: it is not what limits this queue\n"
      "          price     4096 waiting connections hold about 10.5 MiB of kernel memory that no cgroup "
      "is charged for\n");
}

TEST(FindingsText, HasTheDateOfWhatIsOlderThanToday) {
  const auto answer = Findings({"rule_id: 'r' since_time { seconds: 1799900000 }"});
  EXPECT_EQ(FindingsText(answer, kContext, {.headers = false}),
            "-         r  netns 0  2027-01-14 04:13:20\n");
}

TEST(FindingsText, ColoursTheSeverityAlone) {
  const std::string text = FindingsText(Findings({kBacklog, kClamp}), kContext, {.color = true});
  EXPECT_THAT(text, HasSubstr("\n\x1b[31mcritical\x1b[0m  backlog-too-small  shop/"));
  EXPECT_THAT(text, HasSubstr("\n\x1b[33mwarning\x1b[0m   somaxconn-clamp    netns"));
  const auto info = Findings({"severity: SEVERITY_INFO rule_id: 'limit-latched' explanation: 'x'"});
  EXPECT_EQ(FindingsText(info, kContext, {.headers = false, .color = true}),
            "info      limit-latched  netns 0\n          x\n");
}

TEST(FindingsText, ShowsHostileBytes) {
  const auto answer = Findings({R"(rule_id: 'r' explanation: 'a\033[2Jb' netns { names: 'x\033]0;y' })"});
  EXPECT_EQ(FindingsText(answer, kContext, {.headers = false}),
            "-         r  netns x\\x1b]0;y\n          a\\x1b[2Jb\n");
}

TEST(FindingsText, NeverWrapsAtAHundredColumns) {
  const auto answer = Findings({kBacklog, R"(rule_id: 'sysctl-not-in-force' severity: SEVERITY_WARNING
        owners { namespace: 'monitoring' pod: 'prometheus-kube-prometheus-stack-prometheus-0' }
        listener { local_address: 'fe80::1234:5678:9abc:def0' local_port: 65535 process_count: 12
                   processes { comm: 'prometheus-conf' } } since_time { seconds: 1700000000 })"});
  const std::string text = FindingsText(answer, kContext, {.width = 100});
  for (size_t start = 0; start < text.size();) {
    const size_t end = text.find('\n', start);
    EXPECT_LE(DisplayWidth(text.substr(start, end - start)), 100U);
    start = end + 1;
  }
}

TEST(FindingsText, BlamesNoPodForTheHostsNamespace) {
  const std::string host = "netns { host: true } owners { namespace: 'kube-system' pod: 'kube-proxy' } ";
  EXPECT_EQ(FindingsText(Findings({host}), kContext, {.headers = false}), "-           netns host\n");
  EXPECT_EQ(FindingsText(Findings({host + "listener { owners { namespace: 'edge' pod: 'ingress' } "
                                          "local_address: '10.0.0.7' local_port: 443 }"}),
                         kContext, {.headers = false}),
            "-           edge/ingress  10.0.0.7:443\n");
}

TEST(NameOf, NamesFindings) {
  EXPECT_EQ(NameOf(Proto<v1::Finding>(kBacklog)), "finding/backlog-too-small/shop/api-7f9c5d-x2x4k/*:8080");
  EXPECT_EQ(NameOf(Proto<v1::Finding>(kClamp)), "finding/somaxconn-clamp/lqt-cache");
}

}  // namespace
}  // namespace listenq::client
