#include "client/kubectl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace listenq::client {
namespace {

using ::testing::ElementsAre;

constexpr char kAggregatorLabels[] =
    "labelSelector=app.kubernetes.io%2Fname%3Dlistenq%2Capp.kubernetes.io%2Fcomponent%3Daggregator";
const PodName kPod = {.name_space = "obs", .name = "listenq-aggregator-5d8f9c-x2x4k"};

std::string Pod(const std::string& name_space, const std::string& name, const std::string& ready,
                const std::string& more_status = "", const std::string& more_metadata = "") {
  return R"({"metadata": {"namespace": ")" + name_space + R"(", "name": ")" + name + "\"" + more_metadata +
         R"(}, "status": {"phase": "Running", "conditions": [{"type": "Initialized", "status": "True"}, )" +
         R"({"type": "Ready", "status": ")" + ready + "\"}]" + more_status + "}}";
}

std::string List(const std::string& pods) {
  return R"({"kind": "PodList", "apiVersion": "v1", "items": [)" + pods + "]}";
}

TEST(KubectlCommand, IsKubectlUnlessToldOtherwise) {
  EXPECT_THAT(KubectlCommand("", {}, {"get"}), ElementsAre("kubectl", "get"));
  EXPECT_THAT(KubectlCommand("/opt/kubectl", {}, {"get"}), ElementsAre("/opt/kubectl", "get"));
  EXPECT_THAT(KubectlCommand(" microk8s  kubectl ", {}, {"get"}), ElementsAre("microk8s", "kubectl", "get"));
}

TEST(KubectlCommand, PassesItsFlagsOn) {
  const KubeFlags flags = {.on = true,
                           .kubeconfig = "a file",
                           .context = "prod",
                           .cluster = "c",
                           .user = "u",
                           .as = "jane",
                           .as_groups = {"dev", "ops"},
                           .request_timeout = "5s",
                           .listenq_namespace = "obs",
                           .node = "n1"};
  EXPECT_THAT(
      KubectlCommand("", flags, {"get", "x"}),
      ElementsAre("kubectl", "get", "x", "--kubeconfig=a file", "--context=prod", "--cluster=c", "--user=u",
                  "--as=jane", "--request-timeout=5s", "--as-group=dev", "--as-group=ops"));
}

TEST(GetPodsArguments, LooksWhereItIsTold) {
  EXPECT_THAT(GetPodsArguments({}),
              ElementsAre("get", "--raw", "/api/v1/pods?" + std::string(kAggregatorLabels)));
  EXPECT_THAT(GetPodsArguments({.listenq_namespace = "obs"}),
              ElementsAre("get", "--raw", "/api/v1/namespaces/obs/pods?" + std::string(kAggregatorLabels)));
  EXPECT_THAT(GetPodsArguments({.node = "ip-10-0-0-1.ec2.internal"}),
              ElementsAre("get", "--raw",
                          "/api/v1/pods?labelSelector=app.kubernetes.io%2Fname%3Dlistenq%2Capp.kubernetes.io%"
                          "2Fcomponent%3Dagent&fieldSelector=spec.nodeName%3Dip-10-0-0-1.ec2.internal"));
  EXPECT_THAT(
      GetPodsArguments({.listenq_namespace = "../x?y"}),
      ElementsAre("get", "--raw", "/api/v1/namespaces/..%2Fx%3Fy/pods?" + std::string(kAggregatorLabels)));
}

TEST(PortForwardArguments, NameThePodAndNothingBeyondThisMachine) {
  EXPECT_THAT(PortForwardArguments(kPod),
              ElementsAre("port-forward", "--address=127.0.0.1", "--namespace=obs",
                          "pod/listenq-aggregator-5d8f9c-x2x4k", ":7444"));
}

TEST(ChoosePod, TakesAReadyOne) {
  EXPECT_EQ(
      *ChoosePod(
          List(Pod("obs", "c", "True") + "," + Pod("obs", "a", "False") + "," + Pod("obs", "b", "True")), {}),
      (PodName{.name_space = "obs", .name = "b"}));
}

TEST(ChoosePod, PassesOverOneThatEnds) {
  const std::string ending = Pod("obs", "a", "True", "", R"(, "deletionTimestamp": "2026-01-01T00:00:00Z")");
  EXPECT_EQ(ChoosePod(List(ending + "," + Pod("obs", "b", "True")), {})->name, "b");
  EXPECT_EQ(ChoosePod(List(ending), {}).status(),
            absl::NotFoundError("no aggregator of listenq is ready: pod obs/a: Terminating\n"
                                "see `kubectl -n obs describe pod a`"));
}

TEST(ChoosePod, SaysWhyNoneIsReady) {
  EXPECT_EQ(ChoosePod(List(Pod("obs", "a", "False")), {}).status().message(),
            "no aggregator of listenq is ready: pod obs/a: its readiness probe fails\n"
            "see `kubectl -n obs describe pod a`");
  EXPECT_EQ(ChoosePod(List(Pod("obs", "a", "False",
                               R"(, "containerStatuses": [{"state": {"running": {}}},
                                  {"state": {"waiting": {"reason": "ImagePullBackOff"}}}])")),
                      {.node = "n1"})
                .status()
                .message(),
            "the agent of listenq on node n1 is not ready: pod obs/a: ImagePullBackOff\n"
            "see `kubectl -n obs describe pod a`");
  EXPECT_EQ(ChoosePod(List(Pod("obs", "a", "False", R"(, "reason": "Evicted")")), {}).status().message(),
            "no aggregator of listenq is ready: pod obs/a: Evicted\nsee `kubectl -n obs describe pod a`");
}

TEST(ChoosePod, SaysWhereItLooked) {
  EXPECT_EQ(
      ChoosePod(List(""), {}).status(),
      absl::NotFoundError("no aggregator of listenq: no namespace has a pod with the labels "
                          "app.kubernetes.io/name=listenq,app.kubernetes.io/component=aggregator\n"
                          "is listenq installed in this cluster? another one: --context, another namespace: "
                          "--listenq-namespace"));
  EXPECT_EQ(ChoosePod(List(""), {.listenq_namespace = "obs", .node = "n1"}).status(),
            absl::NotFoundError(
                "no agent of listenq on node n1: namespace obs has no pod there with the labels "
                "app.kubernetes.io/name=listenq,app.kubernetes.io/component=agent\n"
                "`kubectl get nodes` has the nodes' names; without --node the aggregator is asked"));
}

TEST(ChoosePod, DoesNotChooseBetweenNamespaces) {
  EXPECT_EQ(ChoosePod(List(Pod("b", "x", "True") + "," + Pod("a", "y", "False")), {}).status(),
            absl::FailedPreconditionError("listenq is in the namespaces a, b\n"
                                          "say which one is asked: --listenq-namespace a"));
}

TEST(ChoosePod, RejectsWhatIsNoList) {
  for (const char* text : {"", "{}", "[]", R"({"items": 3})", "NAME  READY"}) {
    EXPECT_EQ(ChoosePod(text, {}).status(),
              absl::DataLossError("read the pods that kubectl printed: that is no list of pods\n"
                                  "is $KUBECTL kubectl?"))
        << text;
  }
  EXPECT_EQ(ChoosePod(R"({"items": [null, {"status": {"conditions": [3]}}]})", {}).status().code(),
            absl::StatusCode::kNotFound);
}

// Written by kubectl 1.32.
struct Said {
  const char* errors;
  const char* message;
};

TEST(ExplainGetPods, NamesTheObjectAndSaysWhatToDo) {
  const Said cases[] = {
      {"Error from server (Forbidden): pods is forbidden: User \"nobody\" cannot list resource \"pods\" in "
       "API "
       "group \"\" at the cluster scope\n",
       "pods is forbidden: User \"nobody\" cannot list resource \"pods\" in API group \"\" at "
       "the "
       "cluster scope\nwith rights in one namespace alone, say where listenq is installed: "
       "--listenq-namespace NAMESPACE"},
      {"error: context \"nosuch\" does not exist\n",
       "context \"nosuch\" does not exist\n`kubectl config get-contexts` has those that there are"},
      {"Error in configuration: context was not found for specified context: nosuch\n",
       "Error in configuration: context was not found for specified context: nosuch\n"
       "`kubectl config get-contexts` has those that there are"},
      {"error: stat /nonexistent: no such file or directory\n",
       "stat /nonexistent: no such file or directory"},
      {"error: no server found for cluster \"nosuch\"\n",
       "no server found for cluster \"nosuch\"\n`kubectl config view` has those that there are"},
      {"error: auth info \"nosuch\" does not exist\n",
       "auth info \"nosuch\" does not exist\n`kubectl config view` has those that there are"},
      {"The connection to the server localhost:8080 was refused - did you specify the right host or port?\n",
       "The connection to the server localhost:8080 was refused - did you specify the right host or port?\n"
       "kubectl knows no cluster: --kubeconfig, $KUBECONFIG, or `kubectl config use-context`"},
      {"The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?\n",
       "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?\n"
       "does `kubectl get --raw /version` reach it? another cluster: --context"},
      {"Unable to connect to the server: dial tcp 127.0.0.1:57787: i/o timeout\n",
       "Unable to connect to the server: dial tcp 127.0.0.1:57787: i/o timeout\n"
       "does `kubectl get --raw /version` reach it? another cluster: --context"},
      {"error: You must be logged in to the server (Unauthorized)\n",
       "You must be logged in to the server (Unauthorized)\n"
       "log in to the cluster again; `kubectl auth whoami` tells whether it worked"},
      {"error: EOF\n",
       "EOF\nkubectl has no credentials for this cluster: see `kubectl config view`, or log in to it"},
      {"Error from server (Timeout", "Error from server (Timeout"},
      {"Warning: old\nerror: odd\n", "odd"},
      {"", "it says nothing"}};
  for (const Said& said : cases) {
    EXPECT_EQ(
        ExplainGetPods(said.errors, {}),
        absl::UnavailableError(std::string("kubectl cannot list the pods of listenq: ") + said.message));
  }
}

TEST(ExplainGetPods, KnowsThatTheNamespaceWasNamed) {
  EXPECT_EQ(
      ExplainGetPods("Error from server (Forbidden): pods is forbidden\n", {.listenq_namespace = "obs"}),
      absl::UnavailableError("kubectl cannot list the pods of listenq: pods is forbidden\n"
                             "ask for the rights to list pods and to create pods/portforward there"));
}

}  // namespace
}  // namespace listenq::client
