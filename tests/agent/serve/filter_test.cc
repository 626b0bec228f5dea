#include "agent/serve/filter.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/agent/serve/sample_snapshot.h"

namespace listenq::serve {
namespace {

using testing::ContainerId;
using testing::HeldBy;
using testing::HostOwner;
using testing::kNow;
using testing::MakeDropEvent;
using testing::MakeListener;
using testing::MakeNamespace;
using testing::PodOwner;
using testing::WithName;

v1::Filter Parse(const std::string& text) {
  v1::Filter proto;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &proto)) << text;
  return proto;
}

Filter Compile(const std::string& text) {
  const auto filter = Filter::Compile(Parse(text), kNow);
  EXPECT_TRUE(filter.ok()) << text << ": " << filter.status();
  return filter.value_or(Filter());
}

absl::Status ErrorOf(const std::string& text) { return Filter::Compile(Parse(text), kNow).status(); }

// Pod shop/web-0 with the containers nginx (port 80, full) and sidecar (port 9000, no limit known).
class FilterOnAPod : public ::testing::Test {
 protected:
  FilterOnAPod() {
    pod_ = MakeNamespace(
        7, {PodOwner("shop", "web-0", "nginx", 'a'), PodOwner("shop", "web-0", "sidecar", 'b')});
    pod_.id = WithName(*pod_.id, "cni-1");
    pod_.listeners = {MakeListener(80, 512, 511), MakeListener(9000, 3, std::nullopt)};
    pod_.listeners[0].processes = HeldBy("nginx", ContainerId('a'));
    pod_.listeners[1].processes = HeldBy("envoy", ContainerId('b'));
  }

  bool TakesPod(const std::string& filter) const { return Compile(filter).Matches(pod_); }
  bool TakesNginx(const std::string& filter) const {
    return Compile(filter).Matches(pod_, pod_.listeners[0]);
  }
  bool TakesSidecar(const std::string& filter) const {
    return Compile(filter).Matches(pod_, pod_.listeners[1]);
  }

  model::Namespace pod_;
};

TEST_F(FilterOnAPod, EmptyTakesAll) {
  EXPECT_TRUE(TakesPod(""));
  EXPECT_TRUE(TakesNginx(""));
}

TEST_F(FilterOnAPod, NamespaceIsExact) {
  EXPECT_TRUE(TakesNginx(R"(namespaces: "shop")"));
  EXPECT_TRUE(TakesNginx(R"(namespaces: ["mq", "shop"])"));
  EXPECT_FALSE(TakesNginx(R"(namespaces: "sho")"));
}

TEST_F(FilterOnAPod, PodIsExactOrAGlob) {
  EXPECT_TRUE(TakesPod(R"(pods: "web-0")"));
  EXPECT_TRUE(TakesPod(R"(pods: "web-*")"));
  EXPECT_FALSE(TakesPod(R"(pods: "web")"));
}

TEST_F(FilterOnAPod, ContainerIsTheListenersOwn) {
  EXPECT_TRUE(TakesNginx(R"(containers: "ngin*")"));
  EXPECT_FALSE(TakesSidecar(R"(containers: "nginx")"));
  EXPECT_TRUE(TakesPod(R"(containers: "sidecar")"));
}

TEST_F(FilterOnAPod, ContainerIdNeedsEightDigits) {
  EXPECT_TRUE(TakesNginx(R"(containers: "aaaaaaaa")"));
  EXPECT_TRUE(TakesNginx(R"(containers: "AAAAAAAA")"));
  EXPECT_FALSE(TakesSidecar(R"(containers: "aaaaaaaa")"));
  EXPECT_FALSE(TakesNginx(R"(containers: "aaaaaaa")"));
}

TEST_F(FilterOnAPod, FieldsAreAndedOnOneOwner) {
  EXPECT_TRUE(TakesPod(R"(containers: "nginx" label_selector: "tier=nginx")"));
  EXPECT_FALSE(TakesPod(R"(containers: "nginx" label_selector: "tier=sidecar")"));
}

TEST_F(FilterOnAPod, LabelsThatAreNotKnownNeverMatch) {
  EXPECT_TRUE(TakesPod(R"(label_selector: "!canary")"));
  model::Owner unnamed;
  unnamed.source = model::OwnerSource::kCgroup;
  pod_ = MakeNamespace(8, {unnamed});
  EXPECT_FALSE(TakesPod(R"(label_selector: "!canary")"));
}

TEST_F(FilterOnAPod, NetnsByInodeAndName) {
  EXPECT_TRUE(TakesPod("netns_inodes: 4026530007"));
  EXPECT_FALSE(TakesPod("netns_inodes: 4026530008"));
  EXPECT_TRUE(TakesPod(R"(netns_names: "cni-1")"));
  EXPECT_FALSE(TakesPod(R"(netns_names: "host")"));
  pod_.id = WithName(*pod_.id, "", true);
  EXPECT_TRUE(TakesPod(R"(netns_names: "host")"));
}

TEST_F(FilterOnAPod, PortOfTheListenerOrOfOneInTheNamespace) {
  EXPECT_TRUE(TakesNginx("ports: [80, 443]"));
  EXPECT_FALSE(TakesSidecar("ports: [80, 443]"));
  EXPECT_TRUE(TakesPod("ports: 9000"));
  EXPECT_FALSE(TakesPod("ports: 443"));
}

TEST_F(FilterOnAPod, UnknownLimitHasNoFill) {
  EXPECT_TRUE(TakesNginx("min_fill_percent: 100"));
  EXPECT_FALSE(TakesSidecar("min_fill_percent: 0"));
}

TEST_F(FilterOnAPod, NamespaceNeedsOneListenerForAllConditions) {
  EXPECT_TRUE(TakesPod("ports: 80 min_fill_percent: 90"));
  EXPECT_FALSE(TakesPod("ports: 9000 min_fill_percent: 90"));
}

TEST_F(FilterOnAPod, ProcessByNameOrGlob) {
  EXPECT_TRUE(TakesNginx(R"(processes: "ngi?x")"));
  EXPECT_FALSE(TakesSidecar(R"(processes: "nginx")"));
  EXPECT_TRUE(TakesPod(R"(processes: "envoy")"));
}

TEST_F(FilterOnAPod, ProcessOfANamespaceWithoutListeners) {
  model::Owner owner;
  owner.process = model::Process{.pid = 9, .comm = "sleep"};
  pod_ = MakeNamespace(9, {owner});
  EXPECT_TRUE(TakesPod(R"(processes: "sleep")"));
  EXPECT_FALSE(TakesPod(R"(processes: "sleep" ports: 80)"));
}

TEST_F(FilterOnAPod, OnlyDroppingLooksBackADay) {
  EXPECT_FALSE(TakesPod("only_dropping: true"));
  EXPECT_FALSE(TakesNginx("only_dropping: true"));
  pod_.listeners[0].last_drop = kNow - absl::Hours(23);
  pod_.drops->last = kNow - absl::Hours(23);
  EXPECT_TRUE(TakesPod("only_dropping: true"));
  EXPECT_TRUE(TakesNginx("only_dropping: true"));
  EXPECT_FALSE(TakesSidecar("only_dropping: true"));
  pod_.listeners[0].last_drop = kNow - absl::Hours(25);
  pod_.drops->last = kNow - absl::Hours(25);
  EXPECT_FALSE(TakesPod("only_dropping: true"));
  EXPECT_FALSE(TakesNginx("only_dropping: true"));
}

TEST_F(FilterOnAPod, DropsMatchByTheirShares) {
  const model::DropEvent event = MakeDropEvent(pod_, 80, kNow);
  EXPECT_TRUE(Compile("").Matches(event));
  EXPECT_TRUE(Compile(R"(ports: 80 pods: "web-0")").Matches(event));
  EXPECT_FALSE(Compile("ports: 9000").Matches(event));
  EXPECT_FALSE(Compile(R"(pods: "other")").Matches(event));
  EXPECT_TRUE(Compile("min_fill_percent: 100").Matches(event));
}

// The node's own namespace: sshd of the host and kube-proxy of a pod that uses the host's network.
class FilterOnTheHost : public ::testing::Test {
 protected:
  FilterOnTheHost() {
    host_ = MakeNamespace(1, {HostOwner(), PodOwner("kube-system", "proxy", "proxy", 'a')});
    host_.id = WithName(*host_.id, "", true);
    host_.listeners = {MakeListener(22, 0, 128), MakeListener(10249, 0, 4096)};
    host_.listeners[0].processes = HeldBy("sshd", "");
    host_.listeners[1].processes = HeldBy("kube-proxy", ContainerId('a'));
    host_.drops->last = kNow;
  }
  model::Namespace host_;
};

TEST_F(FilterOnTheHost, PodTakesItsListenersNotTheNamespace) {
  const Filter filter = Compile("pods: 'proxy'");
  EXPECT_FALSE(filter.Matches(host_));
  EXPECT_FALSE(filter.MatchesIdentity(host_));
  EXPECT_TRUE(filter.MayMatchSockets(host_));
  EXPECT_FALSE(filter.Matches(host_, host_.listeners[0]));
  EXPECT_TRUE(filter.Matches(host_, host_.listeners[1]));
}

TEST_F(FilterOnTheHost, OtherPodsTakeNothing) {
  const Filter filter = Compile("namespaces: 'shop'");
  EXPECT_FALSE(filter.MayMatchSockets(host_));
  EXPECT_FALSE(filter.Matches(host_, host_.listeners[1]));
}

TEST_F(FilterOnTheHost, DropsAreThePodsByItsShareOnly) {
  model::DropEvent event = MakeDropEvent(host_, 22, kNow);
  event.shares[0].processes = host_.listeners[0].processes;
  EXPECT_FALSE(Compile("pods: 'proxy'").Matches(event));
  EXPECT_TRUE(Compile("netns_names: 'host'").Matches(event));
  event.shares[0].processes = host_.listeners[1].processes;
  EXPECT_TRUE(Compile("pods: 'proxy'").Matches(event));
}

TEST_F(FilterOnTheHost, SamplesAreThePodsByTheirSocket) {
  analyze::ListenerSamples samples;
  samples.netns = host_.id;
  samples.owners = host_.owners;
  samples.listener = host_.listeners[1].reading;
  samples.processes = host_.listeners[1].processes;
  EXPECT_TRUE(Compile("pods: 'proxy'").MayMatchSamples(host_));
  EXPECT_TRUE(Compile("pods: 'proxy'").Matches(samples));
  samples.processes = nullptr;
  EXPECT_FALSE(Compile("pods: 'proxy'").Matches(samples)) << "nobody knows whose it was";
  EXPECT_TRUE(Compile("netns_names: 'host'").Matches(samples));
}

TEST(FilterNames, PodsContainersAndNamespacesAreNamed) {
  EXPECT_TRUE(Compile(R"(pods: "web-*")").NamesNamespaces());
  EXPECT_TRUE(Compile(R"(containers: "nginx")").NamesNamespaces());
  EXPECT_TRUE(Compile("netns_inodes: 1").NamesNamespaces());
  EXPECT_TRUE(Compile(R"(netns_names: "host")").NamesNamespaces());
}

TEST(FilterNames, ListsNameNothing) {
  EXPECT_FALSE(Compile("").NamesNamespaces());
  EXPECT_FALSE(Compile(R"(pods: "*")").NamesNamespaces());
  EXPECT_FALSE(Compile(R"(namespaces: "shop" label_selector: "app=web" ports: 80)").NamesNamespaces());
}

TEST(FilterErrors, NameFieldValueAndWhatIsAllowed) {
  EXPECT_EQ(ErrorOf("ports: 70000"),
            absl::InvalidArgumentError("read filter.ports: 70000 is not a port from 1 to 65535"));
  EXPECT_EQ(ErrorOf("ports: 0"),
            absl::InvalidArgumentError("read filter.ports: 0 is not a port from 1 to 65535"));
  EXPECT_EQ(
      ErrorOf("min_fill_percent: 101"),
      absl::InvalidArgumentError("read filter.min_fill_percent: 101 is not a percentage from 0 to 100"));
  EXPECT_EQ(ErrorOf(R"(namespaces: "sh*")"),
            absl::InvalidArgumentError(
                "read filter.namespaces: \"sh*\" is not a name; no patterns are allowed here"));
  EXPECT_EQ(
      ErrorOf(R"(pods: "")"),
      absl::InvalidArgumentError("read filter.pods: \"\" is not a name; leave the field out to take all"));
  EXPECT_EQ(ErrorOf("netns_inodes: 0"),
            absl::InvalidArgumentError(
                "read filter.netns_inodes: 0 is not an inode number, as in /proc/PID/ns/net"));
  EXPECT_EQ(ErrorOf(R"(label_selector: "a in b")"),
            absl::InvalidArgumentError("read filter.label_selector: parse label selector \"a in b\": found "
                                       "\"b\", expected '('"));
}

TEST(FillPercent, LimitZeroHoldsOne) {
  EXPECT_EQ(FillPercent(0, 0), 0);
  EXPECT_EQ(FillPercent(1, 0), 100);
  EXPECT_EQ(FillPercent(64, 128), 50);
  EXPECT_EQ(FillPercent(64, std::nullopt), std::nullopt);
}

}  // namespace
}  // namespace listenq::serve
