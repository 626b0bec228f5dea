// What the agent says of real pods, beside what the pods' own tools say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "agent/sys/unique_fd.h"
#include "tests/e2e/agent.h"
#include "tests/e2e/environment.h"
#include "tests/e2e/machine.h"
#include "tests/e2e/pod.h"
#include "tests/support/sockets.h"
#include "tests/support/test_netns.h"
#include "tests/support/tool_output.h"

namespace listenq::test {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A Deployment's pod with two containers.
PodSpec WebPod() {
  return {.name = "web-6d4cf56db6-x2x4z",
          .k8s_namespace = "shop",
          .labels = {{"app", "web"}, {"tier", "front"}, {"pod-template-hash", "6d4cf56db6"}},
          .containers = {{.name = "server", .arguments = {"0.0.0.0", "8080", "5"}},
                         {.name = "metrics", .arguments = {"127.0.0.1", "9090", "128"}}}};
}

PodSpec DatabasePod() {
  return {.name = "web-db-0",
          .k8s_namespace = "shop",
          .labels = {{"app", "web"}, {"tier", "db"}},
          .containers = {{.name = "server", .arguments = {"0.0.0.0", "5432", "7"}}}};
}

PodSpec OtherNamespacesPod() {
  return {.name = "web-6d4cf56db6-x2x4z",
          .k8s_namespace = "play",
          .labels = {{"app", "web"}, {"tier", "front"}},
          .containers = {{.name = "server", .arguments = {"0.0.0.0", "8081", "6"}}}};
}

// By local port; a port that stands twice is a failure.
std::map<int, json> ByPort(const Rows& rows) {
  std::map<int, json> by_port;
  for (const json& row : rows) {
    const int port = row.value("localPort", 0);
    EXPECT_TRUE(by_port.emplace(port, row).second) << "two rows of port " << port;
  }
  return by_port;
}

std::vector<int> Ports(const Rows& rows) {
  std::vector<int> ports;
  for (const auto& [port, row] : ByPort(rows)) ports.push_back(port);
  return ports;
}

void ExpectAsInSs(const json& row, const SsListener& line) {
  EXPECT_EQ(row.value("localAddress", ""), line.address);
  EXPECT_EQ(row.value("queue", UINT32_MAX), line.queue);
  EXPECT_EQ(row.value("limit", UINT32_MAX), line.limit);
  EXPECT_EQ(row.value("inode", ""), absl::StrCat(line.inode));
  EXPECT_EQ(row.value("cookie", ""), absl::StrCat(line.cookie));
}

void ExpectOwner(const json& row, const Pod& pod, const std::string& container) {
  ASSERT_EQ(row["owners"].size(), 1u) << row;
  const json& owner = row["owners"][0];
  EXPECT_EQ(owner.value("namespace", ""), pod.spec().k8s_namespace);
  EXPECT_EQ(owner.value("pod", ""), pod.spec().name);
  EXPECT_EQ(owner.value("podUid", ""), pod.uid());
  EXPECT_EQ(owner.value("container", ""), container);
  EXPECT_EQ(owner.value("containerId", ""), pod.container_id(container));
  EXPECT_EQ(owner.value("image", ""), kImage);
  EXPECT_EQ(owner.value("source", ""), "OWNER_SOURCE_CRI");
  EXPECT_FALSE(owner.value("stale", false));
}

// A port that nobody listens on now.
uint16_t FreePort() {
  const sys::UniqueFd fd(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    Die("find a free port");
  }
  return ntohs(address.sin_port);
}

TEST(Pods, EachListenerNamesItsContainer) {
  const Pod pod(TheContainerd().cri(), WebPod());
  const Agent agent;
  const auto rows = ByPort(agent.AwaitNamed({"listeners", "-n", "shop"}, 2));
  ASSERT_EQ(rows.size(), 2u);
  const auto expected = RunSs(pod);
  ASSERT_EQ(expected.size(), 2u);
  for (const SsListener& line : expected) ExpectAsInSs(rows.at(line.port), line);
  ExpectOwner(rows.at(8080), pod, "server");
  ExpectOwner(rows.at(9090), pod, "metrics");
  EXPECT_EQ(rows.at(8080)["owners"][0].value("labels", json()), json(pod.spec().labels));
  EXPECT_EQ(rows.at(8080)["owners"][0].value("workload", ""), "Deployment web");
}

// How many rows name a container: each its own, or the test fails.
size_t CountNamed(const Rows& rows, const std::map<int, std::string>& containers) {
  size_t named = 0;
  for (const json& row : rows) {
    const json owners = row.value("owners", json::array());
    const std::string container = owners.empty() ? "" : owners[0].value("container", "");
    if (container.empty()) continue;
    EXPECT_EQ(container, containers.at(row.value("localPort", 0)));
    ++named;
  }
  return named;
}

TEST(Pods, WhatHasNoNameYetIsNobodyElses) {
  const Agent agent;
  auto start =
      std::async(std::launch::async, [] { return std::make_unique<Pod>(TheContainerd().cri(), WebPod()); });
  const std::map<int, std::string> containers = {{8080, "server"}, {9090, "metrics"}};
  const auto all_named = [&](const Rows& rows) { return CountNamed(rows, containers) == containers.size(); };
  EXPECT_EQ(agent.AwaitItems({"listeners", "-n", "shop"}, all_named).size(), containers.size());
  start.get()->Remove();
}

TEST(Pods, FiltersTakeWhatTheyName) {
  const Agent agent;
  const Cri& cri = TheContainerd().cri();
  const Pod web(cri, WebPod());
  const Pod database(cri, DatabasePod());
  const Pod other(cri, OtherNamespacesPod());
  const auto ports = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"listeners", "-l", "app=web"});
    return Ports(agent.Items(arguments));
  };
  ASSERT_EQ(agent.AwaitNamed({"listeners", "-l", "app=web"}, 4).size(), 4u);
  EXPECT_THAT(ports({"-n", "shop"}), ElementsAre(5432, 8080, 9090));
  EXPECT_THAT(ports({"-n", "play"}), ElementsAre(8081));
  EXPECT_THAT(ports({"web-db-0"}), ElementsAre(5432));
  EXPECT_THAT(ports({"web-6d*"}), ElementsAre(8080, 8081, 9090));
  EXPECT_THAT(ports({"-c", "metrics"}), ElementsAre(9090));
  EXPECT_THAT(ports({"-c", database.container_id("server").substr(0, 12)}), ElementsAre(5432));
  EXPECT_THAT(Ports(agent.Items({"listeners", "-l", "app=web,tier!=db"})), ElementsAre(8080, 8081, 9090));
  EXPECT_THAT(Ports(agent.Items({"listeners", "-l", "app=web,tier in (db,cache)"})), ElementsAre(5432));
  EXPECT_THAT(Ports(agent.Items({"listeners", "-n", "shop", "-l", "app!=web"})), IsEmpty());
}

TEST(Pods, SysctlsAreThoseInForceAndThoseDeclared) {
  const Agent agent;
  const Pod pod(TheContainerd().cri(),
                {.name = "tuned",
                 .k8s_namespace = "sysctls",
                 .sysctls = {{"net.core.somaxconn", "77"}, {"net.ipv4.ip_local_port_range", "20000 60000"}}});
  const auto has_declared = [](const Rows& rows) {
    return rows.size() == 1 && rows[0]["sysctls"]["net.core.somaxconn"].contains("declared");
  };
  const Rows rows = agent.AwaitItems({"sysctls", "--pod", "tuned", "-n", "sysctls"}, has_declared);
  ASSERT_EQ(rows.size(), 1u);
  json sysctls = rows[0]["sysctls"];
  for (const auto& [name, declared] : pod.spec().sysctls) {
    EXPECT_EQ(sysctls[name].value("value", ""), absl::StrReplaceAll(RunSysctl(pod, name), {{"\t", " "}}));
    EXPECT_EQ(sysctls[name].value("declared", ""), declared);
  }
  const std::string undeclared = "net.ipv4.tcp_max_syn_backlog";
  EXPECT_EQ(sysctls[undeclared].value("value", ""), RunSysctl(pod, undeclared));
  EXPECT_FALSE(sysctls[undeclared].contains("declared"));
}

TEST(Pods, OfAHostNetworkPodOnlyTheListenerIsThePods) {
  const Agent agent;
  const uint16_t port = FreePort();
  const Pod pod(TheContainerd().cri(),
                {.name = "node-exporter-abcde",
                 .k8s_namespace = "host",
                 .host_network = true,
                 .containers = {{.name = "exporter", .arguments = {"127.0.0.1", absl::StrCat(port), "9"}}}});
  const auto by_pod = [](const Rows& rows) {
    return rows.size() == 1 && rows[0]["owners"][0].value("pod", "") == "node-exporter-abcde";
  };
  const Rows listeners = agent.AwaitItems({"listeners", "--port", absl::StrCat(port)}, by_pod);
  ASSERT_EQ(listeners.size(), 1u);
  ExpectOwner(listeners[0], pod, "exporter");
  EXPECT_EQ(listeners[0].value("limit", 0), 9);
  EXPECT_TRUE(listeners[0]["netns"].value("host", false));
  EXPECT_THAT(Ports(agent.Items({"listeners", "-n", "host"})), ElementsAre(port));
  EXPECT_THAT(agent.Items({"namespaces", "-n", "host"}), IsEmpty());
  const Rows host = agent.Items({"namespaces", "--netns", "host"});
  ASSERT_EQ(host.size(), 1u);
  EXPECT_EQ(host[0]["owners"][0].value("source", ""), "OWNER_SOURCE_HOST");
}

TEST(Pods, AnOverflowNamesThePod) {
  const Agent agent;
  const Cri& cri = TheContainerd().cri();
  const Pod server(cri, {.name = "slow-0",
                         .k8s_namespace = "overflow",
                         .containers = {{.name = "server", .arguments = {"0.0.0.0", "8080", "1"}}}});
  const Pod client(cri, {.name = "client", .k8s_namespace = "clients"});
  // Only what is lost after the agent's first sight of the listener counts as new.
  ASSERT_EQ(agent.AwaitNamed({"listeners", "slow-0", "-n", "overflow"}, 1).size(), 1u);
  const std::vector<std::string> drops = {"drops", "slow-0", "-n", "overflow"};
  {
    const auto connections = StartConnects(client, server.ip(), 8080, 8);
    ASSERT_EQ(agent.AwaitItems(drops, 1).size(), 1u);
    const auto is_full = [](const Rows& rows) { return rows.size() == 1 && rows[0].value("queue", 0) == 2; };
    const Rows full = agent.AwaitItems({"listeners", "-n", "overflow"}, is_full);
    ASSERT_EQ(full.size(), 1u);
    ExpectAsInSs(full[0], RunSs(server)[0]);
    ExpectOwner(full[0], server, "server");
  }
  // Nobody tries any more: the counts come to rest, at what the kernel counted.
  const auto is_all = [&](const Rows& rows) {
    return rows.size() == 1 && rows[0]["counts"].value("acceptQueueFull", "") ==
                                   absl::StrCat(RunNstat(server)["TcpExtListenOverflows"]);
  };
  const Rows episodes = agent.AwaitItems(drops, is_all);
  ASSERT_TRUE(is_all(episodes)) << json(episodes);
  const json& episode = episodes[0];
  EXPECT_EQ(episode["owners"][0].value("namespace", ""), "overflow");
  EXPECT_EQ(episode["owners"][0].value("pod", ""), "slow-0");
  EXPECT_EQ(episode["shares"][0].value("localPort", 0), 8080);
  EXPECT_EQ(episode["shares"][0]["drops"].value("attribution", ""), "ATTRIBUTION_EXACT");
  EXPECT_THAT(agent.Items({"drops", "-n", "clients"}), IsEmpty());
}

TEST(Pods, AProcessThatIsNotRootIsNamed) {
  const Agent agent;
  const Pod pod(TheContainerd().cri(),
                {.name = "modest",
                 .k8s_namespace = "users",
                 .containers = {{.name = "app", .arguments = {"0.0.0.0", "8080", "5"}, .user = 1000}}});
  const Rows rows = agent.AwaitNamed({"listeners", "-n", "users"}, 1);
  ASSERT_EQ(rows.size(), 1u);
  ExpectOwner(rows[0], pod, "app");
  EXPECT_EQ(rows[0].value("uid", 0), 1000);
  ASSERT_EQ(rows[0]["processes"].size(), 1u) << rows[0];
  EXPECT_EQ(rows[0]["processes"][0].value("comm", ""), "lqt-pod");
  EXPECT_EQ(rows[0]["processes"][0].value("containerId", ""), pod.container_id("app"));
}

}  // namespace
}  // namespace listenq::test
