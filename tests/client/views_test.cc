#include "client/views.h"

#include <gtest/gtest.h>

#include "tests/client/rows.h"

namespace listenq::client {
namespace {

constexpr int64_t kNowSeconds = 1'800'000'000;  // 08:00:00 UTC
const ViewContext kContext = {.now = absl::FromUnixSeconds(kNowSeconds), .zone = absl::UTCTimeZone()};

constexpr char kApi[] = R"(
  netns { inode: 4026532246 first_seen_time { seconds: 1799999000 } }
  owners { namespace: 'shop' pod: 'api-7f9c5d-x2x4k' container: 'api' }
  local_address: '::' local_port: 8080 v6_only: false queue: 512 limit: 511 somaxconn: 4096
  limit_state: LIMIT_STATE_APPLICATION peak_queue: 512 process_count: 4 processes { pid: 7 comm: 'node' }
  listen_drops { min: 1204 max: 1204 } recent_drops { min: 31 max: 31 } recent_interval { seconds: 1 }
  last_drop_time { seconds: 1799999998 })";
constexpr char kWeb[] = R"(
  netns { inode: 4026532247 }
  owners { namespace: 'shop' pod: 'web-0' container: 'nginx' }
  local_address: '0.0.0.0' local_port: 80 queue: 3 limit: 511 somaxconn: 4096
  limit_state: LIMIT_STATE_APPLICATION peak_queue: 9 process_count: 3 processes { comm: 'nginx' }
  listen_drops { min: 0 max: 2 })";
constexpr char kSshd[] = R"(
  netns { inode: 4026531840 host: true }
  owners { source: OWNER_SOURCE_HOST }
  local_address: '0.0.0.0' local_port: 22 queue: 0 limit: 128 somaxconn: 4096
  limit_state: LIMIT_STATE_APPLICATION process_count: 1 processes { comm: 'sshd' } listen_drops {})";

Answer<v1::Listener> Listeners(const std::vector<std::string>& texts) {
  Answer<v1::Listener> answer;
  for (const auto& text : texts) answer.items.push_back({"node-3", Proto<v1::Listener>(text)});
  return answer;
}

TEST(ListenersTable, ShowsPods) {
  EXPECT_EQ(
      RenderTable(ListenersTable(Listeners({kApi, kWeb}), kContext), {}),
      "NAMESPACE  POD               CONTAINER  PROCESS    LISTEN      QUEUE  LIMIT  FULL  DROPS  LIMITED BY\n"
      "shop       api-7f9c5d-x2x4k  api        node (4)   *:8080        512    511  100%  1,204  "
      "application (somaxconn 4096)\n"
      "shop       web-0             nginx      nginx (3)  0.0.0.0:80      3    511    0%    0–2  "
      "application (somaxconn 4096)\n");
}

TEST(ListenersTable, ShowsTheNamespaceWhereARowHasNoPod) {
  EXPECT_EQ(RenderTable(ListenersTable(Listeners({kSshd}), kContext), {}),
            "NETNS  PROCESS  LISTEN      QUEUE  LIMIT  FULL  DROPS  LIMITED BY\n"
            "host   sshd     0.0.0.0:22      0    128    0%      0  application (somaxconn 4096)\n");
}

TEST(ListenersTable, FitsIntoAHundredColumns) {
  EXPECT_EQ(
      RenderTable(ListenersTable(Listeners({kApi, kSshd}), kContext), {.width = 100}),
      "NAMESPACE  POD               CONTAINER  PROCESS   LISTEN             QUEUE  LIMIT  FULL  DROPS\n"
      "shop       api-7f9c5d-x2x4k  api        node (4)  *:8080               512    511  100%  1,204\n"
      "-          -                 -          sshd      0.0.0.0:22 (host)      0    128    0%      0\n");
}

constexpr char kCoredns[] = R"(
  netns { inode: 4026532300 }
  owners { namespace: 'kube-system' pod: 'coredns-5d78c9869d-8xk2p' container: 'coredns' stale: true }
  local_address: '::' local_port: 53 v6_only: false queue: 1 limit: 4096 somaxconn: 4096
  limit_state: LIMIT_STATE_SOMAXCONN process_count: 1 processes { comm: 'coredns' } listen_drops {})";
constexpr char kPrometheus[] = R"(
  netns { inode: 4026532320 }
  owners { namespace: 'monitoring' pod: 'prometheus-kube-prometheus-stack-prometheus-0'
           container: 'config-reloader' }
  local_address: '10.244.1.20' local_port: 10250 queue: 0 limit: 4096 process_count: 1
  processes { comm: 'prometheus-conf' } listen_drops {})";

TEST(ListenersTable, KeepsNamesApartWhereItCutsThem) {
  EXPECT_EQ(
      RenderTable(ListenersTable(Listeners({kApi, kCoredns, kPrometheus, kSshd}), kContext), {.width = 100}),
      "NAMESPACE  POD                 CONTAINER   PROCESS      LISTEN             QUEUE  LIMIT  FULL  DROPS\n"
      "shop       api-7f9c5d-x2x4k    api         node (4)     *:8080               512    511  100%  1,204\n"
      "kube…stem  coredns-…9d-8xk2p*  coredns     coredns      *:53                   1   4096    0%      0\n"
      "moni…ring  promethe…metheus-0  conf…oader  prome…-conf  10.244.1.20:10250      0   4096    0%      0\n"
      "-          -                   -           sshd         0.0.0.0:22 (host)      0    128    0%      "
      "0\n");
}

TEST(ListenersTable, MarksOldNames) {
  const std::string text = RenderTable(ListenersTable(Listeners({kCoredns}), kContext), {.headers = false});
  EXPECT_EQ(text,
            "kube-system  coredns-5d78c9869d-8xk2p*  coredns  coredns  *:53  1  4096  0%  0  somaxconn, or "
            "as asked\n");
  const auto docker =
      Listeners({"owners { container: 'redis' stale: true } local_address: '::' local_port: 1"});
  EXPECT_EQ(RenderTable(ListenersTable(docker, kContext), {.headers = false}), "redis*  0  [::]:1\n");
}

TEST(ListenersTable, SaysThatAPodListensInTheHostsNamespace) {
  const auto answer =
      Listeners({"owners { namespace: 'kube-system' pod: 'kube-proxy-lqwtx' container: 'kube-proxy' } netns "
                 "{ host: true } "
                 "local_address: '127.0.0.1' local_port: 10249",
                 "owners { container: 'redis' } netns { inode: 7 } local_address: '0.0.0.0' local_port: 6379",
                 "netns { names: 'blue' } local_address: '0.0.0.0' local_port: 80"});
  EXPECT_EQ(RenderTable(ListenersTable(answer, kContext), {}),
            "NAMESPACE    POD               CONTAINER   LISTEN\n"
            "kube-system  kube-proxy-lqwtx  kube-proxy  127.0.0.1:10249 (host)\n"
            "-            -                 redis       0.0.0.0:6379\n"
            "-            -                 -           0.0.0.0:80 (blue)\n");
}

TEST(ListenersTable, SaysWhatIsMissing) {
  const auto answer =
      Listeners({"local_address: '10.0.0.1' local_port: 5 netns { names: 'blue' } queue: 1 "
                 "degraded_reason: 'read from /proc/net/tcp: no limit, no drops'"});
  EXPECT_EQ(RenderTable(ListenersTable(answer, kContext), {}),
            "NETNS  LISTEN      QUEUE  STATUS\n"
            "blue   10.0.0.1:5      1  read from /proc/net/tcp: no limit, no drops\n");
}

TEST(ListenersTable, ColoursOnlyWhatWantsAction) {
  const std::string text =
      RenderTable(ListenersTable(Listeners({kApi, kWeb}), kContext), {.headers = false, .color = true});
  EXPECT_EQ(
      text,
      "shop  api-7f9c5d-x2x4k  api    node (4)   *:8080      \x1b[31m512\x1b[0m  511  \x1b[31m100%\x1b[0m  "
      "\x1b[31m1,204\x1b[0m  application (somaxconn 4096)\n"
      "shop  web-0             nginx  nginx (3)  0.0.0.0:80    3  511    0%    0–2  application (somaxconn "
      "4096)\n");
}

TEST(TopTable, ShowsRatesAndBars) {
  EXPECT_EQ(
      RenderTable(TopTable(Listeners({kApi, kSshd, kWeb}), kContext, 2), {}),
      "DROPS/S  QUEUE/LIMIT          PEAK  NAMESPACE/POD          PROCESS   LISTEN      DROPS  LAST DROP\n"
      "   31.0  512/511  ████████     512  shop/api-7f9c5d-x2x4k  node (4)  *:8080      1,204         2s\n"
      "      -  0/128                   -  netns host             sshd      0.0.0.0:22      0          -\n");
}

TEST(TopTable, KeepsItsBarsAndMarksOldNames) {
  EXPECT_EQ(RenderTable(TopTable(Listeners({kApi, kCoredns, kPrometheus}), kContext, 0), {.width = 90}),
            "DROPS/S  QUEUE/LIMIT          NAMESPACE/POD            LISTEN             DROPS  LAST DROP\n"
            "   31.0  512/511  ████████    shop/api-7f9c5d-x2x4k    *:8080             1,204         2s\n"
            "      -  1/4096               kube-system…869d-8xk2p*  *:53                   0          -\n"
            "      -  0/4096               monitoring/…rometheus-0  10.244.1.20:10250      0          -\n");
}

TEST(TopHeadline, CountsWhatIsNotObservable) {
  Answer<v1::Listener> answer;
  answer.summary =
      Proto<v1::Summary>("listeners_examined: 14 namespaces_examined: 5 unobservable_namespaces: 2");
  EXPECT_EQ(TopHeadline(answer, kContext, absl::ZeroDuration()),
            "14 listeners in 5 namespaces, 2 not observable · 08:00:00");
}

TEST(TopHeadline, NamesTheNodesThatDidNotAnswer) {
  Answer<v1::Listener> answer;
  answer.node_statuses = {
      Proto<v1::NodeStatus>("node_name: 'node-3' state: NODE_STATE_OK"),
      Proto<v1::NodeStatus>(
          "node_name: 'node-17' state: NODE_STATE_UNAVAILABLE message: 'deadline exceeded'")};
  answer.summary =
      Proto<v1::Summary>("nodes_expected: 2 nodes_answered: 1 listeners_examined: 14 namespaces_examined: 1");
  EXPECT_EQ(TopHeadline(answer, kContext, absl::Seconds(1)),
            "1 of 2 nodes (node-17: deadline exceeded) · 14 listeners in 1 namespace · 08:00:00 · every 1s");
}

TEST(TopHeadline, SaysThatTheOnlyNodeDidNotAnswer) {
  Answer<v1::Listener> answer;
  answer.node_statuses = {Proto<v1::NodeStatus>(
      "node_name: 'node-1' state: NODE_STATE_UNAVAILABLE message: 'deadline exceeded: no answer for 2s'")};
  answer.summary = Proto<v1::Summary>("nodes_expected: 1");
  EXPECT_EQ(
      TopHeadline(answer, kContext, absl::Seconds(1)),
      "node-1 (deadline exceeded: no answer for 2s) · 0 listeners in 0 namespaces · 08:00:00 · every 1s");
}

// A picture that is printed once has them in the notes below it.
TEST(TopHeadline, NamesSilentNodesInALivePictureOnly) {
  Answer<v1::Listener> answer;
  answer.node_statuses = {
      Proto<v1::NodeStatus>("node_name: 'node-17' state: NODE_STATE_UNAVAILABLE message: 'no answer'")};
  answer.summary = Proto<v1::Summary>("nodes_expected: 2 nodes_answered: 1");
  EXPECT_EQ(TopHeadline(answer, kContext, absl::ZeroDuration()),
            "1 of 2 nodes · 0 listeners in 0 namespaces · 08:00:00");
}

TEST(NamespacesTable, ShowsARowForEach) {
  Answer<v1::Namespace> answer;
  answer.items = {
      {"node-3",
       Proto<v1::Namespace>(std::string("listener_count: 2 listen_drops: 1204 time_wait: 88 "
                                        "ephemeral_first: 32768 ephemeral_last: 60999 "
                                        "process_count: 5 netns { inode: 4026532246 first_seen_time "
                                        "{ seconds: 1799999000 } } owners { namespace: 'shop' pod: "
                                        "'api' } worst_listener {") +
                            kApi + "}")},
      {"node-3",
       Proto<v1::Namespace>("netns { inode: 9 names: 'blue' } ended_time { seconds: 1799999940 }")}};
  EXPECT_EQ(
      RenderTable(NamespacesTable(answer, kContext), {}),
      "NETNS       OWNER     LISTENERS  WORST QUEUE     DROPS  TIME_WAIT  PORTS        PROCESSES    SEEN  "
      "STATUS\n"
      "4026532246  shop/api          2  512/511 *:8080  1,204         88  32768-60999          5  16m40s  -\n"
      "blue        -                 -  -                   -          -  -                    -       -  "
      "ended 1m ago\n");
}

TEST(NamespacesTable, HasNoNumbersOfAGuestKernel) {
  Answer<v1::Namespace> answer;
  answer.items = {{"n", Proto<v1::Namespace>(
                            "netns { inode: 9 } owners { namespace: 'a' pod: 'b' stale: true } "
                            "listener_count: 0 full_listener_count: 0 listen_drops: 0 time_wait: 0 "
                            "in_use: 0 in_use6: 0 listen_overflows: 0 listen_drops_before: 0 "
                            "ephemeral_first: 1 ephemeral_last: 2 process_count: 3 not_observable_reason: "
                            "'not observable: guest kernel (gVisor, runtime handler runsc)'")},
                  {"n", Proto<v1::Namespace>(
                            "netns { inode: 8 } listener_count: 1 full_listener_count: 1 listen_drops: 2 "
                            "time_wait: 3 in_use: 4 in_use6: 5 listen_overflows: 6")}};
  EXPECT_EQ(RenderTable(NamespacesTable(answer, kContext), {.wide = true}),
            "NODE  NETNS  OWNER  LISTENERS  WORST QUEUE  DROPS  TIME_WAIT  PORTS  PROCESSES  SEEN  STATUS    "
            "                                                    FULL  OVERFLOWS  DROPS BEFORE  LAST DROP  "
            "IN USE  IN USE 6  INODE  CONTAINERS\n"
            "n     9      a/b*           -  -                -          -  -              3     -  not "
            "observable: guest kernel (gVisor, runtime handler runsc)     -          -             -         "
            " -       -         -      9  -\n"
            "n     8      -              1  -                2          3  -              -     -  -         "
            "                                                       1          6             -          -    "
            "   4         5      8  -\n");
}

TEST(NamespacesTable, NamesNobodyForTheHost) {
  Answer<v1::Namespace> answer;
  answer.items = {
      {"n", Proto<v1::Namespace>("netns { host: true } owners { pod: 'kube-proxy' } listener_count: 3")}};
  EXPECT_EQ(RenderTable(NamespacesTable(answer, kContext), {}),
            "NETNS  LISTENERS\n"
            "host           3\n");
}

Answer<v1::Namespace> SysctlAnswer() {
  Answer<v1::Namespace> answer;
  answer.items = {{"n", Proto<v1::Namespace>(R"(
    netns { inode: 9 names: 'blue' }
    sysctls { key: 'net.core.somaxconn' value { value: '128' host: '4096' kernel_default: '4096' } }
    sysctls { key: 'net.ipv4.ip_local_reserved_ports' value { value: '' host: '' } }
    sysctls { key: 'net.ipv4.tcp_mem' value { unreadable_reason: 'absent inside a namespace' } })")}};
  return answer;
}

Answer<v1::Namespace> TwoNamespaces() {
  Answer<v1::Namespace> answer = SysctlAnswer();
  answer.items.push_back({"n", Proto<v1::Namespace>(R"(
    netns { inode: 10 } owners { namespace: 'shop' pod: 'api-7f9c5d-x2x4k' }
    sysctls { key: 'net.core.somaxconn' value { value: '128' declared: '128' host: '128' } }
    sysctls { key: 'net.ipv4.ip_local_port_range' value { value: '32768 60999' declared: '20000 60000' } }
    sysctls { key: 'net.ipv4.tcp_ehash_entries' value { value: '-262144' host: '262144' } })")});
  return answer;
}

TEST(SysctlsTable, MarksWhatDiffers) {
  EXPECT_EQ(
      RenderTable(SysctlsTable(TwoNamespaces(), {}, false), {}),
      "NETNS  OWNER                  SYSCTL                            VALUE        HOST    DEFAULT  "
      "DECLARED     DIFFERS\n"
      "blue   -                      net.core.somaxconn                128          4096    4096     "
      "-            host,default\n"
      "blue   -                      net.ipv4.ip_local_reserved_ports  \"\"           \"\"      -        "
      "-            -\n"
      "blue   -                      net.ipv4.tcp_mem                  -            -       -        "
      "-            -\n"
      "10     shop/api-7f9c5d-x2x4k  net.core.somaxconn                128          128     -        "
      "128          -\n"
      "10     shop/api-7f9c5d-x2x4k  net.ipv4.ip_local_port_range      32768 60999  -       -        "
      "20000 60000  declared\n"
      "10     shop/api-7f9c5d-x2x4k  net.ipv4.tcp_ehash_entries        -262144      262144  -        "
      "-            -\n");
}

TEST(SysctlsTable, HasColumnsForAFewNames) {
  EXPECT_EQ(
      RenderTable(
          SysctlsTable(TwoNamespaces(), {"net.ipv4.ip_local_port_range", "net.core.somaxconn"}, false), {}),
      "NETNS  OWNER                  net.ipv4.ip_local_port_range        net.core.somaxconn\n"
      "blue   -                      -                                   128\n"
      "10     shop/api-7f9c5d-x2x4k  32768 60999 (declared 20000 60000)  128\n");
}

TEST(SysctlsTable, ShowsWhereTheValuesOfOneNamespaceComeFrom) {
  Answer<v1::Namespace> answer;
  answer.items = {{"n", Proto<v1::Namespace>(R"(
    netns { inode: 9 } owners { namespace: 'shop' pod: 'api-7f9c5d-x2x4k' }
    sysctls { key: 'net.core.somaxconn' value { value: '128' declared: '128' host: '4096' kernel_default: '4096' } }
    sysctls { key: 'net.ipv4.ip_local_reserved_ports' value { value: '' host: '' } }
    sysctls { key: 'net.ipv4.tcp_mem' value { unreadable_reason: 'absent inside a namespace' } }
    sysctls { key: 'net.ipv4.ip_local_port_range' value { value: '32768 60999' declared: '20000 60000' } })")}};
  const Table table = SysctlsTable(answer, {"net.core.somaxconn", "net.ipv4.*"}, false);
  EXPECT_EQ(
      RenderTable(table, {.width = 100, .color = true}),
      "SYSCTL                            KERNEL DEFAULT  HOST  DECLARED     IN FORCE\n"
      "net.ipv4.ip_local_port_range      -               -     20000 60000  \x1b[33m32768 60999 ✗\x1b[0m\n"
      "net.core.somaxconn                4096            4096  128          128\n"
      "net.ipv4.ip_local_reserved_ports  -               \"\"    -            \"\"\n"
      "net.ipv4.tcp_mem                  -               -     -            unreadable: absent inside a "
      "na…\n");
}

TEST(SysctlOriginsTable, ComparesNoCounts) {
  const auto row = Proto<v1::Namespace>(
      "sysctls { key: 'net.netfilter.nf_conntrack_count' value { value: '0' host: '4009' } } "
      "sysctls { key: 'net.core.somaxconn' value { value: '128' host: '4096' } }");
  EXPECT_EQ(SysctlOriginsTable("SYSCTL", row, true).rows.size(), 1U);
  EXPECT_EQ(SysctlOriginsTable("SYSCTL", row, false).rows.size(), 2U);
}

TEST(SysctlsTable, GivesTheReasonWhenWide) {
  EXPECT_EQ(RenderTable(SysctlsTable(SysctlAnswer(), {"net.ipv4.tcp_mem", "x"}, true),
                        {.wide = true, .headers = false}),
            "n  blue  -  net.core.somaxconn                128  4096  4096  -  host,default  -\n"
            "n  blue  -  net.ipv4.ip_local_reserved_ports  \"\"   \"\"    -     -  -             -\n"
            "n  blue  -  net.ipv4.tcp_mem                  -    -     -     -  -             absent inside a "
            "namespace\n");
}

constexpr char kEpisode[] = R"(
  id: 7 netns { inode: 9 names: 'blue' } owners { namespace: 'shop' pod: 'api' }
  start_time { seconds: 1799999700 } last_time { seconds: 1799999900 } ongoing: true
  counts { accept_queue_full: 40 } unattributed: 3
  shares { local_address: '0.0.0.0' local_port: 8080 drops { min: 37 max: 40 } peak_queue: 512 limit: 511
           start_time { seconds: 1799999700 } last_time { seconds: 1799999800 } processes { comm: 'node' } })";

TEST(DropsTable, HasARowForEachShareAndOneForTheRest) {
  Answer<v1::DropEpisode> answer;
  answer.items = {{"node-3", Proto<v1::DropEpisode>(kEpisode)}};
  EXPECT_EQ(
      RenderTable(DropsTable(answer, kContext), {}),
      "START     DURATION  WHERE     PROCESS  LISTEN        DROPS  CAUSE              PEAK/LIMIT  STATE\n"
      "07:55:00     1m40s  shop/api  node     0.0.0.0:8080  37–40  accept queue full     512/511  ongoing\n"
      "07:55:00     3m20s  shop/api  -        unattributed      3  accept queue full           -  ongoing\n");
}

TEST(DropsTable, BlamesNoPodForTheHostsDrops) {
  Answer<v1::DropEpisode> answer;
  answer.items = {{"n", Proto<v1::DropEpisode>(R"(
    id: 7 netns { host: true } owners { namespace: 'kube-system' pod: 'kube-proxy' }
    start_time { seconds: 1799999700 } last_time { seconds: 1799999900 } counts { other: 3 } unattributed: 1
    shares { local_address: '10.0.0.7' local_port: 443 drops { min: 2 max: 2 }
             owners { namespace: 'edge' pod: 'ingress-x1' stale: true } })")}};
  EXPECT_EQ(RenderTable(DropsTable(answer, kContext), {}),
            "START     DURATION  WHERE             LISTEN        DROPS  CAUSE  STATE\n"
            "07:55:00     3m20s  edge/ingress-x1*  10.0.0.7:443      2  other  over\n"
            "07:55:00     3m20s  netns host        unattributed      1  other  over\n");
}

TEST(DropEventTable, HasFixedWidths) {
  const auto event = Proto<v1::DropEvent>(R"(
    node_name: 'n' interval_end_time { seconds: 1799999999 } netns { names: 'blue' } counts { accept_queue_full: 2 }
    shares { local_address: '0.0.0.0' local_port: 80 drops { min: 2 max: 2 } peak_queue: 6 limit: 5 })");
  EXPECT_EQ(RenderTable(DropEventTable(event, kContext, false), {}),
            "TIME      WHERE                     LISTEN            DROPS  CAUSE               PEAK/LIMIT\n"
            "07:59:59  netns blue                0.0.0.0:80            2  accept queue full          6/5\n");
}

TEST(NodesTable, ShowsStateAndCost) {
  Answer<v1::Node> answer;
  answer.items = {
      {"", Proto<v1::Node>(
               "status { node_name: 'a' state: NODE_STATE_PARTIAL age { nanos: 400000000 } message: "
               "'3 namespaces could not be read' } version: '0.1.0' kernel_release: '6.18' namespace_count: "
               "5 listener_count: 14 cost { cpu_percent: 0.25 rss_bytes: 10485760 open_fds: 40 fd_limit: "
               "1024 }")}};
  EXPECT_EQ(RenderTable(NodesTable(answer, kContext), {}),
            "NODE  STATE    VERSION  KERNEL  NAMESPACES  LISTENERS  READ   CPU    MEMORY      FDS  MESSAGE\n"
            "a     partial  0.1.0    6.18             5         14  0.4s  0.2%  10.0 MiB  40/1024  "
            "3 namespaces could not be read\n");
}

TEST(NodesTable, TellsAFailingSourceFromNone) {
  Answer<v1::Node> answer;
  answer.items = {
      {"", Proto<v1::Node>(
               "status { node_name: 'a' state: NODE_STATE_PARTIAL message: "
               "'owners: cri unix:///run/c.sock: deadline exceeded; names are as of 14:02:11' } "
               "sources { source: 'cri unix:///run/c.sock' message: 'deadline exceeded' "
               "last_success_time { seconds: 1799999280 } } sources { source: 'cgroup' healthy: true }")},
      {"", Proto<v1::Node>("status { node_name: 'b' state: NODE_STATE_OK } "
                           "sources { source: 'cri unix:///run/c.sock' message: 'permission denied' } ")},
      {"", Proto<v1::Node>(
               "status { node_name: 'c' state: NODE_STATE_OK } "
               "sources { source: 'cri' message: 'no runtime socket found' } "
               "sources { source: 'docker' healthy: true last_success_time { seconds: 1799999996 } }")}};
  EXPECT_EQ(RenderTable(NodesTable(answer, kContext), {.color = true}),
            "NODE  STATE    SOURCES              MESSAGE\n"
            "a     \x1b[33mpartial\x1b[0m  \x1b[33mcri failing, cgroup\x1b[0m  owners: cri "
            "unix:///run/c.sock: deadline exceeded; names are as of 14:02:11\n"
            "b     ok       \x1b[33mcri failing\x1b[0m          cri unix:///run/c.sock: permission denied\n"
            "c     ok       no cri, docker       -\n");
  EXPECT_EQ(
      RenderTable(NodesTable(answer, kContext), {.wide = true, .headers = false}),
      "a  partial  -  -  -  -  -  -  -  -  cri failing, cgroup  owners: cri unix:///run/c.sock: deadline "
      "exceeded; names are as of 14:02:11  -  -  -  -  -  0  cri unix:///run/c.sock (failing, 12m ago), "
      "cgroup\n"
      "b  ok       -  -  -  -  -  -  -  -  cri failing          cri unix:///run/c.sock: permission denied    "
      "                                -  -  -  -  -  0  cri unix:///run/c.sock (failing, never answered)\n"
      "c  ok       -  -  -  -  -  -  -  -  no cri, docker       -                                            "
      "                                -  -  -  -  -  0  cri: no runtime socket found, docker (4s ago)\n");
}

TEST(HistoryTable, HoldsASampleUntilTheNextOne) {
  Answer<v1::ListenerHistory> answer;
  answer.items = {{"n", Proto<v1::ListenerHistory>(R"(
    netns { names: 'blue' } local_address: '0.0.0.0' local_port: 80 limit: 100
    samples { time { seconds: 1799999900 } queue: 0 }
    samples { time { seconds: 1799999945 } queue: 50 }
    samples { time { seconds: 1799999975 } queue: 101 drops_min: 2 drops_max: 3 })")}};
  EXPECT_EQ(RenderTable(HistoryTable(answer, kContext, kContext.now - absl::Seconds(100), 10), {}),
            "WHERE       LISTEN      QUEUE       PEAK  LIMIT  LOST        DROPS\n"
            "netns blue  0.0.0.0:80  ▁▁▁▁▄▄▄███   101    100  ▁▁▁▁▁▁▁█▁▁    2–3\n");
}

TEST(NameOf, NamesRows) {
  EXPECT_EQ(NameOf(Proto<v1::Listener>(kApi)), "listener/shop/api-7f9c5d-x2x4k/*:8080");
  EXPECT_EQ(NameOf(Proto<v1::Listener>(kSshd)), "listener/host/0.0.0.0:22");
  EXPECT_EQ(NameOf(Proto<v1::Namespace>("netns { inode: 9 }")), "netns/9");
  EXPECT_EQ(NameOf(Proto<v1::DropEpisode>("id: 7")), "drops/7");
  EXPECT_EQ(NameOf(Proto<v1::Node>("status { node_name: 'a' }")), "node/a");
}

}  // namespace
}  // namespace listenq::client
