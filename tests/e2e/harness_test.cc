// The pods themselves, without the agent: what the other tests stand on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/e2e/environment.h"
#include "tests/e2e/pod.h"
#include "tests/support/sockets.h"
#include "tests/support/tool_output.h"
#include "tests/support/wait.h"

namespace listenq::test {
namespace {

using ::testing::StartsWith;

TEST(Harness, APodHasANetworkOfItsOwnAndItsSysctls) {
  const Pod pod(TheContainerd().cri(), {.name = "web",
                                        .sysctls = {{"net.core.somaxconn", "77"}},
                                        .containers = {{.name = "a", .arguments = {"0.0.0.0", "80", "5"}}}});
  EXPECT_THAT(pod.path(), StartsWith("/var/run/netns/cni-"));
  EXPECT_EQ(RunSysctl(pod, "net.core.somaxconn"), "77");
  ASSERT_TRUE(WaitUntil([&] { return RunSs(pod).size() == 1; }));
  const SsListener listener = RunSs(pod)[0];
  EXPECT_EQ(listener.port, 80);
  EXPECT_EQ(listener.limit, 5u);
}

TEST(Harness, APodReachesAnother) {
  const Pod server(TheContainerd().cri(),
                   {.name = "server", .containers = {{.name = "a", .arguments = {"0.0.0.0", "80", "5"}}}});
  const Pod client(TheContainerd().cri(), {.name = "client"});
  ASSERT_TRUE(WaitUntil([&] { return RunSs(server).size() == 1; }));
  const auto connection = Connect(client, server.ip(), 80);
  EXPECT_EQ(RunSs(server)[0].queue, 1u);
}

TEST(Harness, PodsOutliveTheirRuntime) {
  Containerd& containerd = TheContainerd();
  const Pod pod(containerd.cri(),
                {.name = "web", .containers = {{.name = "a", .arguments = {"0.0.0.0", "80", "5"}}}});
  containerd.Kill();
  containerd.Start();
  EXPECT_TRUE(WaitUntil([&] { return RunSs(pod).size() == 1; }));
  EXPECT_EQ(containerd.cri().ListSandboxes()->size(), 1u);
}

}  // namespace
}  // namespace listenq::test
