// What the agent reads is what ss, nstat and sysctl print inside the same namespace.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "agent/collect/collector.h"
#include "agent/model/listener.h"
#include "agent/model/sysctl.h"
#include "agent/sys/file.h"
#include "tests/root/namespace_watch.h"
#include "tests/support/confine.h"
#include "tests/support/skip.h"
#include "tests/support/sockets.h"
#include "tests/support/test_netns.h"
#include "tests/support/tool_output.h"
#include "tests/support/wait.h"

namespace listenq::test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class Scenario : public ::testing::Test {
 protected:
  void SetUp() override {
    LISTENQ_SKIP_UNLESS_ROOT();
    for (const char* tool : {"ss", "nstat", "sysctl"}) LISTENQ_SKIP_UNLESS_TOOL(tool);
  }
};

// One listener as text, so that lists from both sides compare and print.
std::string Line(const SsListener& listener, const std::map<std::string, uint32_t>& devices) {
  const bool dual_stack = listener.address == "*";
  return absl::StrCat("sk:", listener.cookie, " ", dual_stack ? "::" : listener.address, " port ",
                      listener.port, " device ", listener.device.empty() ? 0 : devices.at(listener.device),
                      " v6only ", listener.v6_only.has_value() ? (*listener.v6_only ? "1" : "0") : "-",
                      " queue ", listener.queue, " limit ", listener.limit, " drops ", listener.drops,
                      " ino:", listener.inode);
}
std::string Line(const model::ListenerReading& listener) {
  const auto number = [](const auto& value) { return value.has_value() ? absl::StrCat(*value) : "absent"; };
  return absl::StrCat("sk:", listener.cookie, " ", model::ToString(listener.address), " port ", listener.port,
                      " device ", listener.bound_interface, " v6only ",
                      listener.v6_only.has_value() ? (*listener.v6_only ? "1" : "0") : "-", " queue ",
                      listener.queue, " limit ", number(listener.limit), " drops ", number(listener.sk_drops),
                      " ino:", listener.inode);
}

std::vector<std::string> LinesOfSs(const NetnsRunner& netns) {
  const std::map<std::string, uint32_t> devices = netns.Run([] {
    return std::map<std::string, uint32_t>{{"lo", if_nametoindex("lo")},
                                           {kVethName, if_nametoindex(kVethName)}};
  });
  std::vector<std::string> lines;
  for (const SsListener& listener : RunSs(netns)) lines.push_back(Line(listener, devices));
  std::sort(lines.begin(), lines.end());
  return lines;
}
std::vector<std::string> LinesOf(const model::Namespace& known) {
  std::vector<std::string> lines;
  for (const model::Listener& listener : known.listeners) lines.push_back(Line(listener.reading));
  std::sort(lines.begin(), lines.end());
  return lines;
}

// A socket that one dump lacked is still known: two readings, for what was closed.
void ReadTwice(NamespaceWatch* watch) {
  (void)watch->ReadFull();
  (void)watch->ReadFull();
}

// Both ways of reading, in a namespace where nothing moves meanwhile.
void ExpectListenersAgree(const NetnsRunner& netns, NamespaceWatch* watch) {
  const std::vector<std::string> expected = LinesOfSs(netns);
  ReadTwice(watch);
  EXPECT_EQ(LinesOf(*watch->Known()), expected) << "by a full reading";
  EXPECT_THAT(watch->Known()->errors, IsEmpty());
  EXPECT_FALSE(watch->Refresh()) << "nothing moved";
  EXPECT_EQ(watch->missing(), 0u);
  EXPECT_EQ(LinesOf(*watch->Known()), expected) << "by exact requests";
}

void ExpectCountersAgree(const NetnsRunner& netns, NamespaceWatch* watch) {
  (void)watch->ReadFull();
  const auto known = watch->Known();
  size_t compared = 0;
  for (const auto& [name, value] : RunNstat(netns)) {
    const bool in_netstat = absl::StartsWith(name, "TcpExt") || absl::StartsWith(name, "IpExt");
    const auto& counters = in_netstat ? known->netstat : known->snmp;
    const auto ours = counters.Get(name);
    if (!ours.has_value()) continue;  // of snmp6, or of a file that we don't read
    EXPECT_EQ(*ours, value) << name;
    ++compared;
  }
  EXPECT_GT(compared, 150u);
  for (const char* name :
       {"TcpExtListenDrops", "TcpExtListenOverflows", "TcpPassiveOpens", "UdpRcvbufErrors"}) {
    EXPECT_TRUE(known->netstat.Get(name).has_value() || known->snmp.Get(name).has_value()) << name;
  }
}

// "net.core.somaxconn = 4096" → value, tabs folded to a space; without those that the namespace lacks.
std::map<std::string, std::string> RunAllSysctls(const NetnsRunner& netns) {
  std::string command = "sysctl -e";
  for (const model::SysctlInfo& info : model::SysctlTable()) absl::StrAppend(&command, " ", info.name);
  const std::string output = netns.Exec(command);
  std::map<std::string, std::string> values;
  for (const absl::string_view line : absl::StrSplit(output, '\n', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(line, absl::MaxSplits(" = ", 1));
    values.emplace(parts.first, absl::StrReplaceAll(parts.second, {{"\t", " "}}));
  }
  return values;
}

void ExpectSysctlsAgree(const NetnsRunner& netns, NamespaceWatch* watch) {
  (void)watch->ReadFull();
  const auto sysctls = watch->Known()->sysctls;
  ASSERT_NE(sysctls, nullptr);
  const auto expected = RunAllSysctls(netns);
  ASSERT_EQ(sysctls->values.size(), model::SysctlTable().size());
  for (size_t i = 0; i < sysctls->values.size(); ++i) {
    const std::string name(model::SysctlTable()[i].name);
    const model::SysctlValue& ours = sysctls->values[i];
    const auto theirs = expected.find(name);
    ASSERT_EQ(ours.value.has_value(), theirs != expected.end()) << name << ": " << ours.unreadable_reason;
    EXPECT_EQ(ours.unreadable_reason.empty(), ours.value.has_value()) << name;
    if (!ours.value.has_value()) continue;
    EXPECT_EQ(*ours.value, theirs->second) << name;
  }
}

TEST_F(Scenario, AddressesDevicesAndBacklogs) {
  const TestNetns netns;
  const std::vector<ListenOptions> all = {
      {.address = "127.0.0.1", .backlog = 0},
      {.address = "0.0.0.0", .backlog = 1},
      {.address = "::1", .backlog = 128},
      {.address = "::", .backlog = 65535, .v6_only = true},
      {.address = "::", .backlog = -1, .v6_only = false},
      {.address = "0.0.0.0", .backlog = 5, .device = "lo"},
      {.address = "127.0.0.1", .backlog = 7, .mptcp = true},
  };
  std::vector<TestListener> listeners;
  for (const ListenOptions& options : all) listeners.push_back(Listen(netns, options));
  NamespaceWatch watch(netns);
  ExpectListenersAgree(netns, &watch);
  ASSERT_THAT(watch.Known()->listeners, SizeIs(all.size()));

  std::vector<sys::UniqueFd> connections;
  for (const TestListener& listener : listeners) {
    const std::string target = listener.address == "::" ? "::1" : listener.address;
    connections.push_back(Connect(netns, target, listener.port));
  }
  connections.push_back(Connect(netns, "127.0.0.1", listeners[4].port));  // a dual-stack one, by IPv4
  ExpectListenersAgree(netns, &watch);
  EXPECT_EQ(watch.Find(listeners[0].cookie)->reading.queue, 1u);
  EXPECT_TRUE(model::IsFull(watch.Find(listeners[0].cookie)->reading));
  EXPECT_FALSE(model::IsFull(watch.Find(listeners[1].cookie)->reading));
  EXPECT_EQ(watch.Find(listeners[4].cookie)->reading.queue, 2u);
  ExpectCountersAgree(netns, &watch);
}

TEST_F(Scenario, MptcpIsToldFromTcp) {
  const TestNetns netns;
  const TestListener tcp = Listen(netns, {});
  const TestListener mptcp = Listen(netns, {.mptcp = true});
  NamespaceWatch watch(netns);
  for (int reading = 0; reading < 2; ++reading) {
    (void)watch.ReadFull();
    (void)watch.Refresh();
    ASSERT_THAT(watch.Known()->listeners, SizeIs(2));
    for (const model::Listener& listener : watch.Known()->listeners) {
      const bool is_mptcp = listener.reading.port == mptcp.port;
      EXPECT_EQ(listener.reading.protocol, is_mptcp ? model::Protocol::kMptcp : model::Protocol::kTcp);
    }
  }
}

TEST_F(Scenario, AllSysctls) {
  const TestNetns netns;
  NamespaceWatch watch(netns);
  ExpectSysctlsAgree(netns, &watch);
  ASSERT_TRUE(netns.SetSysctl("net.ipv4.ip_local_port_range", "40000 40999").ok());
  ASSERT_TRUE(netns.SetSysctl("net.ipv4.ip_local_reserved_ports", "40001,40005-40007").ok());
  ASSERT_TRUE(netns.SetSysctl("net.core.somaxconn", "0").ok());
  ASSERT_TRUE(netns.SetSysctl("net.ipv4.tcp_syncookies", "0").ok());
  ExpectSysctlsAgree(netns, &watch);
  EXPECT_EQ(model::SysctlPortRange(*watch.Known()->sysctls)->first, 40000u);
}

// ---- SO_REUSEPORT

class ReuseportScenario : public Scenario, public ::testing::WithParamInterface<size_t> {};

TEST_P(ReuseportScenario, MembersComeAndGo) {
  const TestNetns netns;
  std::vector<TestListener> group = ListenGroup(netns, {.backlog = 16}, GetParam());
  const ListenOptions one_more = {.port = group.front().port, .backlog = 32, .reuse_port = true};
  const TestListener bystander = Listen(netns, {.address = "::"});
  std::vector<sys::UniqueFd> connections;
  for (int i = 0; i < 12; ++i) connections.push_back(Connect(netns, "127.0.0.1", one_more.port));
  NamespaceWatch watch(netns);
  ExpectListenersAgree(netns, &watch);

  for (int round = 0; round < 3; ++round) {
    group.erase(group.begin() + round);
    EXPECT_TRUE(watch.Refresh()) << "a member is gone";
    ExpectListenersAgree(netns, &watch);
    ASSERT_THAT(watch.Known()->listeners, SizeIs(group.size() + 1));

    group.push_back(Listen(netns, one_more));
    connections.push_back(Connect(netns, "127.0.0.1", one_more.port));
    ExpectListenersAgree(netns, &watch);
    ASSERT_THAT(watch.Known()->listeners, SizeIs(group.size() + 1));
  }
}

INSTANTIATE_TEST_SUITE_P(Groups, ReuseportScenario, ::testing::Values(4, 8),
                         [](const auto& suite) { return absl::StrCat("Of", suite.param); });

// No exact request reaches all of such a group.
TEST_F(Scenario, DeviceBoundBesideUnboundInOneGroup) {
  const TestNetns netns;
  const TestListener unbound = Listen(netns, {.backlog = 3, .reuse_port = true});
  const TestListener bound =
      Listen(netns, {.port = unbound.port, .backlog = 4, .reuse_port = true, .device = "lo"});
  NamespaceWatch watch(netns);
  ExpectListenersAgree(netns, &watch);
  const auto connection = Connect(netns, "127.0.0.1", unbound.port);
  ExpectListenersAgree(netns, &watch);
  ASSERT_THAT(watch.Known()->listeners, SizeIs(2));
}

// ---- what bounds a limit

TEST_F(Scenario, LimitsClampedAndLatched) {
  const TestNetns netns;
  const auto set_somaxconn = [&](const char* value) {
    ASSERT_TRUE(netns.SetSysctl("net.core.somaxconn", value).ok());
  };
  set_somaxconn("100");
  const TestListener small = Listen(netns, {.backlog = 50});
  const TestListener clamped = Listen(netns, {.backlog = 5000});
  NamespaceWatch watch(netns);
  const auto expect = [&](const TestListener& listener, uint32_t limit, model::LimitState state) {
    const model::Listener* seen = watch.Find(listener.cookie);
    ASSERT_NE(seen, nullptr);
    EXPECT_EQ(seen->reading.limit, limit);
    EXPECT_EQ(seen->limit_state, state);
  };
  ExpectListenersAgree(netns, &watch);
  expect(small, 50, model::LimitState::kApplication);
  expect(clamped, 100, model::LimitState::kSomaxconn);

  set_somaxconn("80");
  ExpectListenersAgree(netns, &watch);
  expect(small, 50, model::LimitState::kApplication);
  expect(clamped, 100, model::LimitState::kLatched);

  set_somaxconn("1000");  // a limit that was lifted, but not for who listens already
  ExpectListenersAgree(netns, &watch);
  expect(small, 50, model::LimitState::kApplication);
  expect(clamped, 100, model::LimitState::kLatched);

  ListenAgain(clamped, 5000);
  ExpectListenersAgree(netns, &watch);
  expect(clamped, 1000, model::LimitState::kSomaxconn);
}

// ---- an overflowing listener

// Clients try again on their own: comparable only if ss prints the same before and after.
bool ReadWhileNothingMoves(const NetnsRunner& netns, NamespaceWatch* watch,
                           std::vector<std::string>* expected) {
  return WaitUntil([&] {
    *expected = LinesOfSs(netns);
    (void)watch->ReadFull();
    return LinesOfSs(netns) == *expected;
  });
}

TEST_F(Scenario, OverflowingListener) {
  const TestNetns netns;
  const TestListener listener = Listen(netns, {.backlog = 1});
  NamespaceWatch watch(netns);
  (void)watch.ReadFull();
  const auto clients = StartConnects(netns, listener.address, listener.port, 12);
  ASSERT_TRUE(WaitUntil([&] { return RunNstat(netns).at("TcpExtListenOverflows") > 0; }));
  const std::optional<model::DropEvent> event = watch.ReadFull();
  ASSERT_TRUE(event.has_value());
  EXPECT_GT(event->counts.accept_queue_full, 0u);
  ASSERT_THAT(event->shares, SizeIs(1));
  EXPECT_EQ(event->shares[0].listener.cookie, listener.cookie);

  std::vector<std::string> expected;
  ASSERT_TRUE(ReadWhileNothingMoves(netns, &watch, &expected));
  EXPECT_EQ(LinesOf(*watch.Known()), expected);
  const model::Listener* seen = watch.Find(listener.cookie);
  ASSERT_NE(seen, nullptr);
  EXPECT_EQ(seen->reading.queue, 2u);
  EXPECT_TRUE(model::IsFull(seen->reading));
  EXPECT_EQ(seen->peak_queue, 2u);
  EXPECT_GE(seen->drops.max, event->counts.accept_queue_full);
}

// ---- without sock_diag

TEST_F(Scenario, WithoutSockDiagTheTablesAreReadAndTheRestIsAbsent) {
  const TestNetns netns;
  const TestListener v4 = Listen(netns, {});
  const TestListener v6 = Listen(netns, {.address = "::1"});
  const auto connection = Connect(netns, v4.address, v4.port);
  RunWithoutSockDiag([&] {
    NamespaceWatch watch(netns);
    (void)watch.ReadFull();
    const auto known = watch.Known();
    EXPECT_FALSE(known->degraded_reason.empty());
    EXPECT_TRUE(std::any_of(known->errors.begin(), known->errors.end(), [](const model::PartError& error) {
      return error.part == "listeners" && absl::StrContains(error.reason, "Protocol not supported");
    }));
    ASSERT_THAT(known->listeners, SizeIs(2));
    for (const model::Listener& listener : known->listeners) {
      const bool is_v4 = listener.reading.inode == v4.inode;
      EXPECT_EQ(listener.reading.inode, is_v4 ? v4.inode : v6.inode);
      EXPECT_EQ(listener.reading.port, is_v4 ? v4.port : v6.port);
      EXPECT_EQ(model::ToString(listener.reading.address), is_v4 ? v4.address : v6.address);
      EXPECT_EQ(listener.reading.queue, is_v4 ? 1u : 0u);
      EXPECT_EQ(listener.reading.limit, std::nullopt);
      EXPECT_EQ(listener.reading.sk_drops, std::nullopt);
      EXPECT_EQ(listener.limit_state, model::LimitState::kUnknown);
    }
    EXPECT_TRUE(known->netstat.Get("TcpExtListenDrops").has_value());
  });
}

// ---- many, and dying ones

struct Visited {
  std::vector<std::string> paths;
  collect::RefreshPlan plan;
};

collect::Target TargetOf(const NetnsRunner& netns, Visited* visited) {
  visited->paths = {netns.path()};
  return {.id = *sys::StatFile(netns.path()), .paths = visited->paths, .plan = &visited->plan};
}

TEST_F(Scenario, TwoHundredNamespacesInOneCall) {
  constexpr size_t kCount = 200;
  std::array<TestNetns, kCount> namespaces;
  std::array<Visited, kCount> visited;
  std::vector<TestListener> listeners;
  std::vector<collect::Target> targets;
  for (size_t i = 0; i < kCount; ++i) {
    listeners.push_back(Listen(namespaces[i], {.backlog = static_cast<int>(i)}));
    targets.push_back(TargetOf(namespaces[i], &visited[i]));
  }
  const sys::SystemClock clock;
  collect::Collector collector({}, &clock);
  const auto readings = collector.Read(targets);
  ASSERT_THAT(readings, SizeIs(kCount));
  for (size_t i = 0; i < kCount; ++i) {
    ASSERT_TRUE(readings[i].ok()) << readings[i].status();
    ASSERT_TRUE(readings[i]->listeners.has_value());
    ASSERT_THAT(*readings[i]->listeners, SizeIs(1));
    EXPECT_EQ(readings[i]->listeners->front().cookie, listeners[i].cookie);
    EXPECT_EQ(readings[i]->listeners->front().limit, i);
  }
}

TEST_F(Scenario, ADeadNamespaceIsNotFoundAndTheOthersAreRead) {
  const TestNetns first;
  UnpinnedNetns dying;
  const TestNetns last;
  std::array<Visited, 3> visited;
  const std::vector<collect::Target> targets = {TargetOf(first, &visited[0]), TargetOf(dying, &visited[1]),
                                                TargetOf(last, &visited[2])};
  const sys::SystemClock clock;
  collect::Collector collector({}, &clock);
  for (const auto& reading : collector.Read(targets)) EXPECT_TRUE(reading.ok()) << reading.status();
  dying.Kill();
  const auto readings = collector.Read(targets);
  EXPECT_TRUE(readings[0].ok());
  EXPECT_TRUE(absl::IsNotFound(readings[1].status())) << readings[1].status();
  EXPECT_TRUE(readings[2].ok());
  const auto refreshed = collector.Refresh(targets);
  EXPECT_TRUE(refreshed[0].ok());
  EXPECT_TRUE(absl::IsNotFound(refreshed[1].status())) << refreshed[1].status();
  EXPECT_TRUE(refreshed[2].ok());
}

TEST_F(Scenario, NamespacesDyingInTheMiddleOfReadsAreNotFound) {
  constexpr size_t kCount = 24;
  std::array<UnpinnedNetns, kCount> namespaces;
  std::array<Visited, kCount> visited;
  std::vector<collect::Target> targets;
  for (size_t i = 0; i < kCount; ++i) targets.push_back(TargetOf(namespaces[i], &visited[i]));
  const sys::SystemClock clock;
  collect::Collector collector({}, &clock);
  std::thread killer([&] {
    for (UnpinnedNetns& netns : namespaces) netns.Kill();
  });
  size_t gone = 0;
  EXPECT_TRUE(WaitUntil([&] {
    gone = 0;
    for (const auto& reading : collector.Read(targets)) {
      EXPECT_TRUE(reading.ok() || absl::IsNotFound(reading.status())) << reading.status();
      gone += reading.ok() ? 0 : 1;
    }
    return gone == kCount;
  })) << gone;
  killer.join();
}

// A descriptor of a sysctl does not keep its namespace alive, and reads ENOENT once it is gone.
TEST_F(Scenario, AReadNamespaceDiesWithItsLastProcess) {
  UnpinnedNetns netns;
  const sys::UniqueFd witness =
      netns.Run([] { return sys::UniqueFd(open("/proc/sys/net/core/somaxconn", O_RDONLY | O_CLOEXEC)); });
  ASSERT_TRUE(witness.valid());
  const auto is_dead = [&] {
    std::array<char, 16> buffer{};
    return pread(witness.get(), buffer.data(), buffer.size(), 0) < 0 && errno == ENOENT;
  };
  NamespaceWatch watch(netns);
  (void)watch.ReadFull();
  (void)watch.Refresh();
  EXPECT_FALSE(is_dead());
  netns.Kill();
  EXPECT_TRUE(WaitUntil(is_dead)) << "something keeps the namespace alive";
}

}  // namespace
}  // namespace listenq::test
