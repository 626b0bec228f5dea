#include "aggregator/peers/kube_objects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace listenq::aggregator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const base::Address kAt = {.port = 7443, .tls = true};

KubePod Running(const std::string& name, const std::string& node, const std::string& ip) {
  return {
      .name = name, .node = node, .ip = ip, .phase = "Running", .ready = true, .daemon_set = "listenq-agent"};
}

PeerSpec Peer(const std::string& node, const std::string& ip) {
  return {.address = {.host = ip, .port = 7443, .tls = true}, .node_name = node};
}

TEST(ParseKubePods, TakesWhatAPeerNeeds) {
  const auto page = ParseKubePods(R"({
    "kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "812", "continue": "next-page"},
    "items": [{
      "metadata": {"name": "listenq-x", "labels": {"app": "listenq"}, "managedFields": [{"manager": "k"}],
                   "ownerReferences": [{"kind": "DaemonSet", "name": "listenq-agent", "controller": true}]},
      "spec": {"nodeName": "node-1", "containers": [{"name": "agent", "image": "listenq"}]},
      "status": {"phase": "Running", "podIP": "10.1.0.7", "podIPs": [{"ip": "10.1.0.7"}],
                 "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "True"}],
                 "containerStatuses": [{"name": "agent", "state": {"running": {}}}]}
    }]})");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->next, "next-page");
  EXPECT_THAT(page->pods, ElementsAre(Running("listenq-x", "node-1", "10.1.0.7")));
}

TEST(ParseKubePods, SaysWhatAPodWaitsForAndWhereItBelongs) {
  const auto page = ParseKubePods(R"({"kind": "PodList", "items": [
    {"metadata": {"name": "a", "deletionTimestamp": "2026-11-23T02:00:00Z"},
     "spec": {"nodeName": "node-1"},
     "status": {"phase": "Pending",
                "initContainerStatuses": [{"state": {"terminated": {"reason": "Completed"}}}],
                "containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]}},
    {"metadata": {"name": "b"},
     "spec": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
         "nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In",
                                                 "values": ["node-2"]}]}]}}}},
     "status": {"phase": "Pending",
                "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}}]})");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->next, "");
  EXPECT_THAT(
      page->pods,
      ElementsAre(KubePod{.name = "a",
                          .node = "node-1",
                          .phase = "Pending",
                          .waits_for = "ImagePullBackOff",
                          .ending = true},
                  KubePod{.name = "b", .node = "node-2", .phase = "Pending", .waits_for = "Unschedulable"}));
}

TEST(ParseKubePods, RefusesWhatIsNoListOfPods) {
  const std::string deep = absl::StrCat("{\"items\":", std::string(100, '['), std::string(100, ']'), "}");
  for (const std::string& text : {std::string(), std::string("<html>"), std::string("[]"), deep,
                                  std::string(R"({"kind": "Status", "code": 500})"),
                                  std::string(R"({"kind": "PodList", "items": [)")}) {
    EXPECT_EQ(ParseKubePods(text).status(), absl::InvalidArgumentError("the answer is no PodList")) << text;
  }
}

TEST(ParseKubePods, WhatIsOfAnotherTypeIsAbsent) {
  const auto page = ParseKubePods(
      R"({"kind": "PodList", "metadata": 1, "items": [7, {"metadata": [], "spec": {"nodeName": 5},
          "status": {"conditions": {"type": 1}, "containerStatuses": [null]}}]})");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(page->pods, ElementsAre(KubePod(), KubePod()));
}

TEST(ParseKubeDaemonSets, TakesAListAndOne) {
  const std::string one = R"({"kind": "DaemonSet", "metadata": {"name": "listenq-agent"},
      "spec": {"selector": {}}, "status": {"desiredNumberScheduled": 6, "numberMisscheduled": 1}})";
  const KubeDaemonSet expected = {.name = "listenq-agent", .desired = 6, .misscheduled = 1};
  const auto single = ParseKubeDaemonSets(one);
  ASSERT_TRUE(single.ok()) << single.status();
  EXPECT_THAT(*single, ElementsAre(expected));
  const auto list = ParseKubeDaemonSets(absl::StrCat(R"({"kind": "DaemonSetList", "items": [)", one, "]}"));
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_THAT(*list, ElementsAre(expected));
  EXPECT_EQ(ParseKubeDaemonSets("{}").status(), absl::InvalidArgumentError("the answer is no DaemonSetList"));
}

TEST(PeersOfPods, OneRunningPodPerNodeInTheOrderOfNodes) {
  const PeerList list =
      PeersOfPods({Running("b", "node-2", "fd00::2"), Running("a", "node-1", "10.1.0.1")}, kAt);
  EXPECT_THAT(list.peers, ElementsAre(Peer("node-1", "10.1.0.1"), Peer("node-2", "fd00::2")));
  EXPECT_THAT(list.absent, IsEmpty());
  EXPECT_FALSE(list.size_unknown);
}

TEST(PeersOfPods, OfSeveralOnANodeTheOneThatIsReady) {
  KubePod ending = Running("old", "node-1", "10.1.0.1");
  ending.ending = true;
  KubePod starting = Running("new", "node-1", "10.1.0.2");
  starting.ready = false;
  const KubePod ready = Running("newest", "node-1", "10.1.0.3");
  const KubePod failed = {.name = "evicted", .node = "node-1", .phase = "Failed"};
  EXPECT_THAT(PeersOfPods({failed, ending}, kAt).peers, ElementsAre(Peer("node-1", "10.1.0.1")));
  EXPECT_THAT(PeersOfPods({failed, ending, starting}, kAt).peers, ElementsAre(Peer("node-1", "10.1.0.2")));
  EXPECT_THAT(PeersOfPods({ready, ending, starting, failed}, kAt).peers,
              ElementsAre(Peer("node-1", "10.1.0.3")));
}

TEST(PeersOfPods, ANodeWhosePodDoesNotRunIsAbsentWithTheReason) {
  const PeerList list =
      PeersOfPods({{.name = "a", .node = "node-1", .phase = "Pending", .waits_for = "ImagePullBackOff"},
                   {.name = "gone", .node = "node-1", .phase = "Failed"},
                   {.name = "b", .node = "node-2", .phase = "Failed"},
                   {.name = "c", .node = "node-3", .phase = "Running"},
                   {.name = "d", .phase = "Pending", .waits_for = "Unschedulable"}},
                  kAt);
  EXPECT_THAT(list.peers, IsEmpty());
  EXPECT_THAT(
      list.absent,
      ElementsAre(AbsentNode{.reason = "pod d is Pending: Unschedulable"},
                  AbsentNode{.node_name = "node-1", .reason = "pod a is Pending: ImagePullBackOff"},
                  AbsentNode{.node_name = "node-2", .reason = "pod b is Failed"},
                  AbsentNode{.node_name = "node-3", .reason = "pod c is Running and has no address"}));
}

void Add(const std::vector<KubeDaemonSet>& daemon_sets, PeerList* list) {
  AddNodesWithoutPod(daemon_sets, CountNodesWithoutPod(daemon_sets, *list), "", list);
}

TEST(AddNodesWithoutPod, ThereAreAsManyRowsAsNodesAreMissing) {
  PeerList list = {.peers = {Peer("node-1", "10.1.0.1")}, .absent = {{.node_name = "node-2"}}};
  Add({{.name = "agent", .desired = 2}}, &list);
  EXPECT_THAT(list.absent, SizeIs(1));
  Add({{.name = "agent", .desired = 3}, {.name = "agent-arm", .desired = 1}}, &list);
  const AbsentNode missing = {.reason = "no pod of DaemonSet agent, agent-arm yet"};
  EXPECT_THAT(list.absent, ElementsAre(AbsentNode{.node_name = "node-2"}, missing, missing));
}

TEST(AddNodesWithoutPod, APodWhereNoneShouldBeStandsForNoOtherNode) {
  PeerList list = {.peers = {Peer("node-1", "10.1.0.1"), Peer("node-2", "10.1.0.2")}};
  Add({{.name = "agent", .desired = 2, .misscheduled = 1}}, &list);
  EXPECT_THAT(list.absent, ElementsAre(AbsentNode{.reason = "no pod of DaemonSet agent yet"}));
}

TEST(AddNodesWithoutPod, ANumberOutOfThisWorldTakesNoMemory) {
  PeerList list;
  Add({{.name = "agent", .desired = 4000000000}}, &list);
  EXPECT_THAT(list.absent, SizeIs(PeerSource::kMaxPeers + 1));
}

}  // namespace
}  // namespace listenq::aggregator
