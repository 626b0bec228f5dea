#include "client/workloads.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/client/rows.h"

namespace listenq::client {
namespace {

const ViewContext kContext = {.now = absl::FromUnixSeconds(1'800'000'000), .zone = absl::UTCTimeZone()};

std::string NameOfGroup(const std::string& listener) {
  const auto row = Proto<v1::Listener>(listener);
  const std::string comm = row.processes().empty() ? "" : row.processes(0).comm();
  const Workload workload = WorkloadOf(row.owners(), comm, row.netns());
  return workload.namespace_name + "|" + workload.name;
}

TEST(WorkloadOf, NamesTheMostThatIsKnown) {
  EXPECT_EQ(
      NameOfGroup("owners { process { comm: 'a' } } "
                  "owners { namespace: 'shop' pod: 'api-1' container: 'api' workload: 'Deployment api' }"),
      "shop|Deployment api");
  EXPECT_EQ(NameOfGroup("owners { namespace: 'shop' pod: 'web-0' container: 'nginx' }"), "shop|Pod web-0");
  EXPECT_EQ(NameOfGroup("owners { pod_uid: '0c6e' container_id: '0123' }"), "|Pod 0c6e");
  EXPECT_EQ(NameOfGroup("owners { container: 'redis' container_id: '0123' } processes { comm: 'r' }"),
            "|Container redis");
  EXPECT_EQ(NameOfGroup("owners { container_id: '0123456789abcdef' }"), "|Container 0123456789ab");
  EXPECT_EQ(
      NameOfGroup("netns { host: true } owners { source: OWNER_SOURCE_HOST } processes { comm: 'sshd' }"),
      "|Process sshd");
  EXPECT_EQ(NameOfGroup("netns { names: 'blue' }"), "|netns blue");
}

std::string Api(int pod, const std::string& more) {
  return absl::StrCat("netns { inode: ", pod, " } owners { namespace: 'shop' pod: 'api-", pod,
                      "' workload: 'Deployment api' } local_address: '0.0.0.0' local_port: 8080 ", more);
}

Answer<v1::Listener> Listeners(const std::vector<std::string>& texts) {
  Answer<v1::Listener> answer;
  for (const auto& text : texts) answer.items.push_back({"n", Proto<v1::Listener>(text)});
  return answer;
}

std::string TableOf(const Answer<v1::Listener>& answer, SortOrder sort = SortOrder::kWorst,
                    size_t limit = 0) {
  return RenderTable(WorkloadTable(GroupListeners(answer, sort, limit), kContext), {});
}

const char kRedis[] =
    "netns { inode: 9 } owners { container: 'redis' } local_address: '0.0.0.0' local_port: 6379 queue: 300 "
    "limit: 511 listen_drops { min: 2000 max: 2000 }";

TEST(GroupListeners, TakesTheWorstOfQueuesAndTheSumOfDrops) {
  const auto answer =
      Listeners({Api(1,
                     "queue: 512 limit: 511 listen_drops { min: 7 max: 9 } recent_drops { min: 1 max: 1 } "
                     "recent_interval { seconds: 1 }"),
                 kRedis, Api(2, "queue: 129 limit: 128 listen_drops { min: 1 max: 1 }"),
                 Api(3, "queue: 0 limit: 511"), Api(3, "queue: 1")});
  EXPECT_EQ(TableOf(answer),
            "NAMESPACE  WORKLOAD         LISTEN        FULL PODS  QUEUE    LIMIT  FULL  DROPS  WORST POD\n"
            "shop       Deployment api   0.0.0.0:8080     2 of 3    512  128-511  100%   8–10  api-1\n"
            "-          Container redis  0.0.0.0:6379          -    300      511   58%  2,000  -\n");
  EXPECT_EQ(TableOf(answer, SortOrder::kDrops, 1),
            "WORKLOAD         LISTEN        QUEUE  LIMIT  FULL  DROPS\n"
            "Container redis  0.0.0.0:6379    300    511   58%  2,000\n");
}

TEST(GroupListeners, OrdersGroupsByWhatTheySum) {
  const auto first = [](const Answer<v1::Listener>& answer, SortOrder sort) {
    return GroupListeners(answer, sort, 1).front().members.workload.name;
  };
  const auto answer = Listeners({kRedis, Api(1, "queue: 400 limit: 8000 recent_drops { min: 1 max: 1 }"),
                                 Api(2, "recent_drops { min: 0 max: 5 }")});
  EXPECT_EQ(first(answer, SortOrder::kWorst), "Deployment api");
  EXPECT_EQ(first(answer, SortOrder::kDrops), "Container redis");
  EXPECT_EQ(first(answer, SortOrder::kFill), "Container redis");
  EXPECT_EQ(first(answer, SortOrder::kQueue), "Deployment api");
  EXPECT_EQ(first(answer, SortOrder::kAddress), "Container redis");
}

TEST(GroupListeners, TakesAddressesOfPodsOwnForOne) {
  const auto at = [](int pod, const std::string& address, int port = 1883) {
    return absl::StrCat("owners { namespace: 'mq' pod: 'emqx-", pod, "' workload: 'StatefulSet emqx' } ",
                        "queue: 1 local_address: '", address, "' local_port: ", port);
  };
  EXPECT_EQ(
      TableOf(Listeners({at(0, "10.244.1.20"), at(1, "10.244.1.21"), at(2, "10.244.1.22"), at(0, "127.0.0.1"),
                         at(1, "127.0.0.1"), at(0, "0.0.0.0"), at(0, "10.244.1.20", 8883)})),
      "NAMESPACE  WORKLOAD          LISTEN               FULL PODS  QUEUE  WORST POD\n"
      "mq         StatefulSet emqx  10.244.1.20:1883 +2     0 of 3      1  emqx-0\n"
      "mq         StatefulSet emqx  127.0.0.1:1883          0 of 2      1  emqx-0\n"
      "mq         StatefulSet emqx  0.0.0.0:1883            0 of 1      1  emqx-0\n"
      "mq         StatefulSet emqx  10.244.1.20:8883        0 of 1      1  emqx-0\n");
}

TEST(GroupListeners, MarksOldNames) {
  EXPECT_EQ(TableOf(Listeners({"owners { pod: 'web-0' stale: true } local_address: '::' local_port: 80"})),
            "WORKLOAD    LISTEN\n"
            "Pod web-0*  [::]:80\n");
}

TEST(WorkloadCsv, LeavesOutWhatIsNotKnown) {
  const auto groups = GroupListeners(Listeners({Api(1, "queue: 3"), kRedis}), SortOrder::kAddress, 0);
  EXPECT_EQ(WorkloadCsv(groups, true),
            "namespace,workload,listen,pods,fullPods,queueMax,limitMin,limitMax,fillPercentMax,dropsMin,"
            "dropsMax,worstPod,listeners,nodes\n"
            ",\"Container redis\",0.0.0.0:6379,0,0,300,511,511,58,2000,2000,,1,1\n"
            "shop,\"Deployment api\",0.0.0.0:8080,1,0,3,,,,,,api-1,1,1\n");
}

TEST(GroupDrops, SumsSharesAndCountsEpisodesOnce) {
  const auto episode = [](int id, int pod, const std::string& more) {
    return Item<v1::DropEpisode>{
        "n", Proto<v1::DropEpisode>(absl::StrCat(
                 "id: ", id, " netns { inode: ", pod, " } owners { namespace: 'shop' pod: 'api-", pod,
                 "' workload: 'Deployment api' } start_time { seconds: 1799999000 } ", more))};
  };
  Answer<v1::DropEpisode> answer;
  answer.items = {
      {"n",
       Proto<v1::DropEpisode>(
           "id: 9 netns { host: true } owners { namespace: 'kube-system' pod: 'kube-proxy' } "
           "last_time { seconds: 1799999999 } counts { other: 4 } unattributed: 1 "
           "shares { local_address: '0.0.0.0' local_port: 22 drops { min: 1 max: 1 } processes { comm: "
           "'sshd' } } shares { local_address: '0.0.0.0' local_port: 443 drops { min: 2 max: 2 } owners { "
           "namespace: 'edge' pod: 'in-1' workload: 'DaemonSet in' } }")},
      episode(1, 1,
              "last_time { seconds: 1799999900 } ongoing: true counts { accept_queue_full: 7 other: 1 } "
              "unattributed: 2 shares { local_address: '0.0.0.0' local_port: 80 drops { min: 3 max: 5 } } "
              "shares { local_address: '0.0.0.0' local_port: 80 drops { min: 1 max: 1 } }"),
      episode(2, 2,
              "last_time { seconds: 1799999800 } counts { accept_queue_full: 30 } "
              "shares { local_address: '0.0.0.0' local_port: 80 drops { min: 30 max: 30 } }")};
  const auto groups = GroupDrops(answer, 0);
  EXPECT_EQ(RenderTable(WorkloadTable(groups, kContext), {}),
            "NAMESPACE  WORKLOAD        LISTEN        PODS  EPISODES  DROPS  CAUSE                     LAST  "
            "    STATE\n"
            "shop       Deployment api  0.0.0.0:80       2         2  34–36  accept queue full, other  "
            "07:58:20  ongoing\n"
            "edge       DaemonSet in    0.0.0.0:443      1         1      2  other                     "
            "07:59:59  over\n"
            "shop       Deployment api  unattributed     1         1      2  accept queue full, other  "
            "07:58:20  ongoing\n"
            "-          Process sshd    0.0.0.0:22       -         1      1  other                     "
            "07:59:59  over\n"
            "-          netns host      unattributed     -         1      1  other                     "
            "07:59:59  over\n");
  EXPECT_EQ(WorkloadCsv(GroupDrops(answer, 1), true),
            "namespace,workload,listen,pods,episodes,dropsMin,dropsMax,causes,lastTime,ongoing,nodes\n"
            "shop,\"Deployment api\",0.0.0.0:80,2,2,34,36,\"accept queue "
            "full;other\",2027-01-15T07:58:20Z,true,1\n");
}

}  // namespace
}  // namespace listenq::client
