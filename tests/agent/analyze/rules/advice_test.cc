#include "agent/analyze/rules/advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/analyze/rules/world.h"

namespace listenq::analyze {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string BacklogOf(const std::string& comm) {
  World world;
  model::Listener& listener = world.AddListener(1, model::LimitState::kApplication);
  if (!comm.empty()) SetProcess(listener, comm);
  return BacklogAdvice(listener, 4096);
}

TEST(Advice, BacklogIsSaidInTheApplicationsOwnWords) {
  EXPECT_THAT(BacklogOf("nginx"), HasSubstr("listen 80 backlog=4096;"));
  EXPECT_THAT(BacklogOf("redis-server"), HasSubstr("tcp-backlog 4096"));
  EXPECT_THAT(BacklogOf("node"), HasSubstr("{port: 80, backlog: 4096}"));
  EXPECT_THAT(BacklogOf("java"), HasSubstr("new ServerSocket(80, 4096)"));
}

TEST(Advice, BeginningOfTheNameIsEnough) {
  EXPECT_THAT(BacklogOf("python3.11"), HasSubstr("sock.listen(4096)"));
  EXPECT_THAT(BacklogOf("php-fpm8.2"), HasSubstr("listen.backlog = 4096"));
  EXPECT_THAT(BacklogOf("nginx: worker p"), HasSubstr("nginx"));
}

TEST(Advice, UnknownApplicationsGetWhatToLookFor) {
  for (const char* comm : {"", "frobnicator", "xnginx"}) {
    EXPECT_THAT(BacklogOf(comm), HasSubstr("the second argument of listen(2)")) << comm;
    EXPECT_THAT(BacklogOf(comm), HasSubstr("4096")) << comm;
  }
}

TEST(Advice, ListWithoutProcessesIsUnknownToo) {
  model::Listener listener;
  listener.processes = std::make_shared<const model::SocketProcesses>();
  EXPECT_THAT(BacklogAdvice(listener, 7), HasSubstr("listen(2)"));
}

TEST(Advice, NoPlaceholderIsLeft) {
  for (const char* comm : {"nginx", "node", "puma", "java", "ruby", "beam.smp", "memcached", "other"}) {
    EXPECT_THAT(BacklogOf(comm), Not(HasSubstr("$"))) << comm;
  }
}

TEST(Advice, UnsafeSysctlOfAPodNeedsTheKubelet) {
  World world;
  world.SetOwner(PodOwner());
  EXPECT_EQ(SysctlAdvice(*world.ns, "net.core.somaxconn", "4096"),
            "spec.securityContext.sysctls: [{name: net.core.somaxconn, value: \"4096\"}] of the pod\n"
            "and allowedUnsafeSysctls: [\"net.core.somaxconn\"] in the kubelet's configuration of its nodes");
}

TEST(Advice, SafeSysctlOfAPodNeedsNothingElse) {
  World world;
  world.SetOwner(PodOwner());
  for (const char* name : {"net.ipv4.tcp_syncookies", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_wmem"}) {
    EXPECT_THAT(SysctlAdvice(*world.ns, name, "1"), Not(HasSubstr("allowedUnsafeSysctls"))) << name;
  }
}

TEST(Advice, DockersContainersGetTheirFlagAndCompose) {
  World world;
  world.SetOwner({.source = model::OwnerSource::kDocker});
  const std::string advice = SysctlAdvice(*world.ns, "net.core.somaxconn", "4096");
  EXPECT_THAT(advice, HasSubstr("docker run --sysctl net.core.somaxconn=\"4096\""));
  EXPECT_THAT(advice, HasSubstr("compose: sysctls: {net.core.somaxconn: \"4096\"}"));
}

TEST(Advice, NodeAndNamelessNamespacesGetSysctl) {
  World world;
  world.AddHost({});
  EXPECT_EQ(SysctlAdvice(*world.host, "net.core.somaxconn", "4096"),
            "sysctl -w net.core.somaxconn=\"4096\" on the node");
  world.SetOwner({.source = model::OwnerSource::kPin});
  EXPECT_EQ(SysctlAdvice(*world.ns, "net.core.somaxconn", "4096"),
            "sysctl -w net.core.somaxconn=\"4096\" inside the network namespace");
}

TEST(Advice, PriceIsInMebibytes) {
  EXPECT_EQ(QueuePrice(65535),
            "65535 waiting connections hold about 168.0 MiB of kernel memory that no cgroup is charged for");
}

}  // namespace
}  // namespace listenq::analyze
