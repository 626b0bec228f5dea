#include "aggregator/peers/kube_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "agent/sys/unique_fd.h"
#include "tests/fakes/fake_kube_api.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_certificates.h"

namespace listenq::aggregator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr char kPods[] = "/api/v1/namespaces/obs/pods";
constexpr char kDaemonSets[] = "/apis/apps/v1/namespaces/obs/daemonsets";

std::string Pod(int number) {
  return absl::StrCat(
      R"({"metadata":{"name":"p)", number,
      R"(","ownerReferences":[{"kind":"DaemonSet","name":"agent"}]},"spec":{"nodeName":"node-)", number,
      R"("},"status":{"phase":"Running","podIP":"10.1.0.)", number, R"("}})");
}

fakes::KubeAnswer PodList(const std::vector<std::string>& pods, const std::string& next = "") {
  return {.body = absl::StrCat(R"({"kind":"PodList","metadata":{"continue":")", next, R"("},"items":[)",
                               absl::StrJoin(pods, ","), "]}")};
}

std::string DaemonSet(const std::string& name, int desired) {
  return absl::StrCat(R"({"kind":"DaemonSet","metadata":{"name":")", name,
                      R"("},"status":{"desiredNumberScheduled":)", desired, "}}");
}

fakes::KubeAnswer DaemonSetList(const std::vector<std::string>& sets) {
  return {.body = absl::StrCat(R"({"kind":"DaemonSetList","items":[)", absl::StrJoin(sets, ","), "]}")};
}

std::vector<std::string> NodesOf(const PeerList& list) {
  std::vector<std::string> nodes;
  for (const PeerSpec& peer : list.peers) nodes.push_back(peer.node_name);
  return nodes;
}

class KubeSourceTest : public ::testing::Test {
 protected:
  KubeSourceTest() : api_(ca_.Write(folder_, "api", {.ip_addresses = {"127.0.0.1"}})) {
    folder_.Write("account/ca.crt", ca_.pem());
    folder_.Write("account/token", "first\n");
    api_.Answer(kPods, PodList({Pod(1), Pod(2)}));
    api_.Answer(kDaemonSets, DaemonSetList({DaemonSet("agent", 2)}));
  }

  KubeApi Api() const {
    return {.host = "127.0.0.1", .port = api_.port(), .account_folder = folder_.Path("account")};
  }
  absl::StatusOr<PeerList> Read(KubeApi api) const {
    auto source =
        KubeSource::Make("obs/app=listenq,component in (agent):7443", base::OffMachine::kTls, std::move(api));
    EXPECT_TRUE(source.ok()) << source.status();
    return (*source)->Read();
  }
  absl::StatusOr<PeerList> Read() const { return Read(Api()); }
  std::string ErrorOfRead() const { return std::string(Read().status().message()); }

  const test::TempFolder folder_;
  const test::TestCa ca_{"cluster"};
  fakes::FakeKubeApi api_;
};

TEST_F(KubeSourceTest, RunningPodsArePeersThatMustAnswerForTheirNode) {
  const auto list = Read();
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(*list, (PeerList{.peers = {{{.host = "10.1.0.1", .port = 7443, .tls = true}, "node-1"},
                                       {{.host = "10.1.0.2", .port = 7443, .tls = true}, "node-2"}}}));
}

TEST_F(KubeSourceTest, AsksTheCacheWithItsTokenAndTheSelector) {
  ASSERT_TRUE(Read().ok());
  const auto requests = api_.TakeRequests();
  ASSERT_THAT(requests, SizeIs(2));
  EXPECT_EQ(requests[0].path, kPods);
  EXPECT_THAT(requests[0].query, ElementsAre(Pair("labelSelector", "app=listenq,component in (agent)"),
                                             Pair("limit", "500"), Pair("resourceVersion", "0")));
  EXPECT_EQ(requests[0].authorization, "Bearer first");
  EXPECT_EQ(requests[1].path, kDaemonSets);
  EXPECT_THAT(requests[1].query, ElementsAre(Pair("labelSelector", "app=listenq,component in (agent)"),
                                             Pair("resourceVersion", "0")));
}

TEST_F(KubeSourceTest, ReadsPageAfterPage) {
  api_.AnswerBy(kPods, [](const fakes::KubeRequest& request) {
    const auto next = request.query.find("continue");
    if (next == request.query.end()) return PodList({Pod(1)}, "p/2 &");
    const bool is_asked_well = next->second == "p/2 &" && !request.query.contains("resourceVersion");
    return is_asked_well ? PodList({Pod(2)}) : fakes::KubeAnswer{.code = 400};
  });
  const auto list = Read();
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_THAT(NodesOf(*list), ElementsAre("node-1", "node-2"));
}

TEST_F(KubeSourceTest, EndsWithMorePodsThanOneAggregatorAsks) {
  api_.AnswerBy(kPods, [](const fakes::KubeRequest& /*request*/) {
    return PodList(std::vector<std::string>(1000, "{}"), "and so on");
  });
  const auto list = Read();
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_THAT(list->absent, SizeIs(6000));
}

TEST_F(KubeSourceTest, ATokenThatChangesIsReadAgain) {
  auto source = KubeSource::Make("obs/app=listenq:7443", base::OffMachine::kTls, Api());
  ASSERT_TRUE(source.ok()) << source.status();
  ASSERT_TRUE((*source)->Read().ok());
  folder_.Write("account/token", "second");
  api_.TakeRequests();
  ASSERT_TRUE((*source)->Read().ok());
  for (const auto& request : api_.TakeRequests()) EXPECT_EQ(request.authorization, "Bearer second");
}

TEST_F(KubeSourceTest, NodesWithoutAPodAreCounted) {
  api_.Answer(kDaemonSets, DaemonSetList({DaemonSet("agent", 4)}));
  const auto list = Read();
  ASSERT_TRUE(list.ok()) << list.status();
  const AbsentNode missing = {.reason = "no pod of DaemonSet agent yet"};
  EXPECT_THAT(list->absent, ElementsAre(missing, missing));
}

TEST_F(KubeSourceTest, WhyADaemonSetHasNoPodIsSaidByItsNewestEvent) {
  api_.Answer(kDaemonSets, DaemonSetList({DaemonSet("agent", 3)}));
  const auto event = [](const char* name, const char* time, const char* message) {
    return absl::StrCat(R"({"involvedObject":{"kind":"DaemonSet","name":")", name, R"("},"lastTimestamp":")",
                        time, R"(","message":")", message, R"("})");
  };
  api_.AnswerBy("/api/v1/namespaces/obs/events", [&](const fakes::KubeRequest& request) {
    EXPECT_EQ(request.query.at("fieldSelector"), "involvedObject.kind=DaemonSet,reason=FailedCreate");
    return fakes::KubeAnswer{.body =
                                 absl::StrCat(R"({"kind":"EventList","items":[)",
                                              event("agent", "2026-01-01T10:00:00Z", "old"), ",",
                                              event("agent", "2026-01-01T11:00:00Z", "violates PodSecurity"),
                                              ",", event("other", "2026-01-01T12:00:00Z", "not ours"), "]}")};
  });
  const auto list = Read();
  ASSERT_TRUE(list.ok()) << list.status();
  const AbsentNode missing = {.reason = "no pod of DaemonSet agent yet: violates PodSecurity"};
  EXPECT_THAT(list->absent, ElementsAre(missing));
  EXPECT_FALSE(list->size_unknown);
}

TEST_F(KubeSourceTest, ADaemonSetWithoutTheLabelsIsFoundByItsPods) {
  api_.Answer(kDaemonSets, DaemonSetList({DaemonSet("agent-arm", 1)}));
  api_.Answer(absl::StrCat(kDaemonSets, "/agent"), {.body = DaemonSet("agent", 2)});
  const auto list = Read();
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_THAT(list->absent, ElementsAre(AbsentNode{.reason = "no pod of DaemonSet agent-arm, agent yet"}));
}

TEST_F(KubeSourceTest, WithoutTheDaemonSetsTheSizeIsNotKnown) {
  const auto trouble = [this] {
    const auto list = Read();
    EXPECT_TRUE(list.ok()) << list.status();
    EXPECT_THAT(NodesOf(*list), ElementsAre("node-1", "node-2"));
    EXPECT_TRUE(list->size_unknown);
    return list->trouble;
  };
  api_.Answer(kDaemonSets, {.code = 403});
  EXPECT_EQ(trouble(), "list daemonsets in obs: 403 Forbidden: the service account needs list on daemonsets");
  api_.Answer(kDaemonSets, DaemonSetList({}));
  api_.Answer(absl::StrCat(kDaemonSets, "/agent"), {.code = 403});
  EXPECT_EQ(trouble(), "get daemonsets in obs: 403 Forbidden: the service account needs get on daemonsets");
  api_.Answer(kDaemonSets, {.body = "{"});
  EXPECT_EQ(trouble(), "list daemonsets in obs: the answer is no DaemonSetList");
  std::vector<std::string> many;
  for (int i = 0; i < 11; ++i) many.push_back(DaemonSet(absl::StrCat("a", i), 1));
  api_.Answer(kDaemonSets, DaemonSetList(many));
  EXPECT_EQ(
      trouble(),
      "list daemonsets in obs: app=listenq,component in (agent) selects pods of more than 10 DaemonSets");
}

TEST_F(KubeSourceTest, PodsOfNoDaemonSetAreAFleetOfUnknownSize) {
  api_.Answer(kPods, PodList({}));
  api_.Answer(kDaemonSets, DaemonSetList({}));
  const auto list = Read();
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_TRUE(list->size_unknown);
  EXPECT_EQ(
      list->trouble,
      "list daemonsets in obs: none has the labels app=listenq,component in (agent): which nodes should "
      "have an agent is not known");
}

TEST_F(KubeSourceTest, SaysWhatTheServerRefuses) {
  api_.Answer(kPods, {.code = 403, .body = R"({"kind":"Status"})"});
  EXPECT_EQ(ErrorOfRead(), "list pods in obs: 403 Forbidden: the service account needs list on pods");
  api_.Answer(kPods, {.code = 401});
  EXPECT_EQ(ErrorOfRead(), absl::StrCat("list pods in obs: 401 Unauthorized: the token of ",
                                        folder_.Path("account"), " is not taken"));
  api_.Answer(kPods, {.code = 503});
  EXPECT_EQ(ErrorOfRead(), "list pods in obs: 503 Service Unavailable");
  api_.Answer(kPods, {.body = "<html>"});
  EXPECT_EQ(ErrorOfRead(), "list pods in obs: the answer is no PodList");
}

TEST_F(KubeSourceTest, AServerOfAnotherAuthorityIsNotTold) {
  folder_.Write("account/ca.crt", test::TestCa("cluster").pem());
  EXPECT_EQ(ErrorOfRead(), absl::StrCat("list pods in obs: API server: 127.0.0.1:", api_.port(),
                                        ": its certificate is not signed by ", folder_.Path("account/ca.crt"),
                                        ", or is not for 127.0.0.1"));
  EXPECT_THAT(api_.TakeRequests(), IsEmpty());
}

TEST_F(KubeSourceTest, AServerOfAnotherNameIsNotTold) {
  const fakes::FakeKubeApi other(ca_.Write(folder_, "other", {.ip_addresses = {"10.96.0.1"}}));
  KubeApi api = Api();
  api.port = other.port();
  EXPECT_THAT(std::string(Read(api).status().message()), ::testing::EndsWith(", or is not for 127.0.0.1"));
}

TEST_F(KubeSourceTest, WithoutAnAuthorityNobodyIsAsked) {
  folder_.Write("account/ca.crt", "");
  EXPECT_EQ(ErrorOfRead(), absl::StrCat("list pods in obs: API server: 127.0.0.1:", api_.port(), ": ",
                                        folder_.Path("account/ca.crt"), " holds no certificate"));
  EXPECT_THAT(api_.TakeRequests(), IsEmpty());
}

TEST_F(KubeSourceTest, WithoutATokenNobodyIsAsked) {
  KubeApi api = Api();
  api.account_folder = folder_.Path("none");
  EXPECT_EQ(Read(api).status(), absl::NotFoundError(absl::StrCat("open ", folder_.Path("none/token"),
                                                                 ": No such file or directory")));
}

TEST_F(KubeSourceTest, ASilentServerIsGivenUp) {
  const sys::UniqueFd silent(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(silent.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(silent.get(), 1), 0);
  ASSERT_EQ(getsockname(silent.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  KubeApi api = Api();
  api.port = ntohs(address.sin_port);
  api.timeout = absl::Milliseconds(100);
  const absl::Status status = Read(api).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
}

TEST(KubeSourceMake, SaysWhatIsWrong) {
  const auto error = [](absl::string_view text) {
    return std::string(KubeSource::Make(text, base::OffMachine::kTls, {}).status().message());
  };
  EXPECT_EQ(error("obs:7443"), "parse peers \"k8s://obs:7443\": it is not k8s://NAMESPACE/SELECTOR:PORT");
  EXPECT_EQ(error("obs/app=x"), "parse peers \"k8s://obs/app=x\": it is not k8s://NAMESPACE/SELECTOR:PORT");
  EXPECT_EQ(error("../app=x:7443"), "parse peers \"k8s://../app=x:7443\": \"..\" is no namespace");
  EXPECT_EQ(error("obs/:7443"), "parse peers \"k8s://obs/:7443\": the label selector is missing");
  EXPECT_EQ(error("obs/a=b:0"), "parse peers \"k8s://obs/a=b:0\": the port must be a number up to 65535");
  EXPECT_TRUE(KubeSource::Make("obs/app.kubernetes.io/name=x:1", base::OffMachine::kTls, {}).ok());
}

}  // namespace
}  // namespace listenq::aggregator
