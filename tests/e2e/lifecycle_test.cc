// Pods that come and go, and a runtime that does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/e2e/agent.h"
#include "tests/e2e/environment.h"
#include "tests/e2e/machine.h"
#include "tests/e2e/pod.h"
#include "tests/support/tool_output.h"
#include "tests/support/wait.h"

namespace listenq::test {
namespace {

using nlohmann::json;

constexpr size_t kParallel = 8;

std::vector<PodSpec> Many(size_t count, const std::string& k8s_namespace) {
  std::vector<PodSpec> specs;
  for (size_t i = 0; i < count; ++i) {
    specs.push_back({.name = absl::StrCat("many-", i),
                     .k8s_namespace = k8s_namespace,
                     .containers = {{.name = "server", .arguments = {"0.0.0.0", "80", "5"}}}});
  }
  return specs;
}

std::set<std::string> PodNames(const Rows& rows) {
  std::set<std::string> names;
  for (const json& row : rows) {
    for (const json& owner : row.value("owners", json::array())) names.insert(owner.value("pod", ""));
  }
  return names;
}

std::set<std::string> PodNames(const std::vector<PodSpec>& specs) {
  std::set<std::string> names;
  for (const PodSpec& spec : specs) names.insert(spec.name);
  return names;
}

bool HaveAllEnded(const Rows& rows) {
  return std::all_of(rows.begin(), rows.end(), [](const json& row) { return row.contains("endedTime"); });
}

// What `nodes` says of the container runtime.
json RuntimeHealth(const Agent& agent) {
  for (const json& node : agent.Items({"nodes"})) {
    for (const json& source : node.value("sources", json::array())) {
      if (absl::StartsWith(source.value("source", ""), "cri ")) return source;
    }
  }
  return json::object();
}

bool AwaitHealth(const Agent& agent, bool healthy) {
  return WaitUntil([&] {
    const json source = RuntimeHealth(agent);
    return !source.empty() && source.value("healthy", false) == healthy;
  });
}

TEST(Lifecycle, FiftyPodsAtOnceAreAllNamed) {
  const Agent agent;
  const auto specs = Many(50, "fifty");
  auto pods = RunPods(TheContainerd().cri(), specs, kParallel);
  const Rows namespaces = agent.AwaitItems({"namespaces", "-n", "fifty"}, specs.size());
  EXPECT_EQ(namespaces.size(), specs.size());
  EXPECT_EQ(PodNames(namespaces), PodNames(specs));
  const Rows listeners = agent.AwaitNamed({"listeners", "-n", "fifty"}, specs.size());
  EXPECT_EQ(PodNames(listeners), PodNames(specs));
  for (const json& row : listeners) EXPECT_EQ(row["owners"][0].value("container", ""), "server") << row;
  RemovePods(std::move(pods), kParallel);
  EXPECT_EQ(agent.AwaitItems({"namespaces", "-n", "fifty"}, 0).size(), 0u);
}

TEST(Lifecycle, PodsThatDieWhileTheyAreReadKeepTheirNames) {
  const Agent agent;
  const Cri& cri = TheContainerd().cri();
  const auto seen = Many(5, "seen");
  auto pods = RunPods(cri, seen, kParallel);
  ASSERT_EQ(agent.AwaitItems({"listeners", "-n", "seen"}, seen.size()).size(), seen.size());
  const auto churn = std::async(std::launch::async, [&] {
    RemovePods(std::move(pods), 2);
    for (int round = 0; round < 3; ++round) RemovePods(RunPods(cri, Many(8, "churn"), 4), 4);
  });
  // A named namespace is hot: all of it is read every second.
  while (churn.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    (void)agent.Items({"listeners", "-n", "churn"});
    (void)agent.Items({"namespaces", "-n", "seen", "-n", "churn"});
  }
  const Rows ended = agent.AwaitItems({"namespaces", "--include-ended", "-n", "seen"}, HaveAllEnded);
  EXPECT_EQ(PodNames(ended), PodNames(seen));
  EXPECT_TRUE(HaveAllEnded(ended));
  EXPECT_EQ(agent.AwaitItems({"namespaces", "-n", "seen", "-n", "churn"}, 0).size(), 0u);
  const auto is_well = [](const Rows& nodes) {
    return nodes.size() == 1 && nodes[0]["status"].value("state", "") == "NODE_STATE_OK";
  };
  const Rows nodes = agent.AwaitItems({"nodes"}, is_well);
  EXPECT_TRUE(is_well(nodes)) << json(nodes);
}

TEST(Lifecycle, APodThatLivesTwoSecondsIsNamedAfterwards) {
  const Agent agent;
  const PodSpec spec = {
      .name = "brief",
      .k8s_namespace = "jobs",
      .containers = {{.name = "task", .arguments = {"--for", "2", "0.0.0.0", "8080", "5"}}}};
  {
    const Pod pod(TheContainerd().cri(), spec);
    ASSERT_TRUE(WaitUntil([&] { return RunSs(pod).size() == 1; }));
    ASSERT_TRUE(WaitUntil([&] { return RunSs(pod).empty(); }));
  }
  const Rows namespaces =
      agent.AwaitItems({"namespaces", "--include-ended", "-n", "jobs"},
                       [](const Rows& rows) { return rows.size() == 1 && HaveAllEnded(rows); });
  EXPECT_EQ(PodNames(namespaces), std::set<std::string>{"brief"});
  EXPECT_TRUE(HaveAllEnded(namespaces));
  const Rows listeners = agent.Items({"listeners", "--include-ended", "-n", "jobs"});
  ASSERT_EQ(listeners.size(), 1u);
  EXPECT_EQ(listeners[0].value("localPort", 0), 8080);
  EXPECT_EQ(listeners[0]["owners"][0].value("pod", ""), "brief");
  EXPECT_EQ(listeners[0]["owners"][0].value("container", ""), "task");
}

TEST(Lifecycle, WithoutItsRuntimeNamesStayAndAreMarkedStale) {
  const Agent agent;
  Containerd& containerd = TheContainerd();
  const Pod pod(containerd.cri(), {.name = "web-0",
                                   .k8s_namespace = "restart",
                                   .containers = {{.name = "server", .arguments = {"0.0.0.0", "80", "5"}}}});
  const std::vector<std::string> listeners = {"listeners", "-n", "restart"};
  const auto is_stale = [](bool stale) {
    return [stale](const Rows& rows) {
      return rows.size() == 1 && rows[0]["owners"][0].value("stale", false) == stale;
    };
  };
  ASSERT_EQ(agent.AwaitItems(listeners, 1).size(), 1u);
  ASSERT_TRUE(AwaitHealth(agent, true)) << RuntimeHealth(agent);

  containerd.Kill();
  EXPECT_TRUE(AwaitHealth(agent, false)) << RuntimeHealth(agent);
  EXPECT_NE(RuntimeHealth(agent).value("message", ""), "");
  const Rows stale = agent.AwaitItems(listeners, is_stale(true));
  EXPECT_TRUE(is_stale(true)(stale)) << json(stale);
  EXPECT_EQ(PodNames(stale), std::set<std::string>{"web-0"});
  EXPECT_EQ(agent.Items({"namespaces", "-n", "restart"}).size(), 1u);

  containerd.Start();
  EXPECT_TRUE(AwaitHealth(agent, true)) << RuntimeHealth(agent);
  const Rows fresh = agent.AwaitItems(listeners, is_stale(false));
  EXPECT_TRUE(is_stale(false)(fresh)) << json(fresh);
  EXPECT_EQ(PodNames(fresh), std::set<std::string>{"web-0"});
}

}  // namespace
}  // namespace listenq::test
