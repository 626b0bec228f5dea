// `listenq-agent` and `listenq` together, on the real kernel.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <csignal>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/confine.h"
#include "tests/support/program.h"
#include "tests/support/skip.h"
#include "tests/support/sockets.h"
#include "tests/support/test_netns.h"
#include "tests/support/tool_output.h"
#include "tests/support/wait.h"

namespace listenq::test {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Programs : public ::testing::Test {
 protected:
  void SetUp() override { LISTENQ_SKIP_UNLESS_ROOT(); }

  [[nodiscard]] std::string Socket() const { return "unix://" + folder_.Path("agent.sock"); }
  [[nodiscard]] std::vector<std::string> AgentCommand() const {
    return {LISTENQ_AGENT, "--listen", Socket(), "--node-name", "here"};
  }
  Finished Cli(const std::vector<std::string>& arguments) const {
    std::vector<std::string> argv = {LISTENQ_CLI, "--server", Socket()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return RunProgram(argv);
  }
  // The rows of an answer in JSON, which is YAML too.
  std::vector<YAML::Node> Items(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"-o", "json"});
    const Finished run = Cli(arguments);
    EXPECT_EQ(run.code, 0) << run.errors;
    std::vector<YAML::Node> items;
    for (const auto& item : YAML::Load(run.output)["items"]) items.push_back(item);
    return items;
  }
  // Starts an agent and waits for its first whole answer.
  std::unique_ptr<Program> StartAgent(const std::vector<std::string>& command) const {
    auto agent = std::make_unique<Program>(command);
    EXPECT_TRUE(WaitUntil([&] {
      const Finished run = Cli({"nodes", "-o", "json"});
      return run.code == 0 && run.output.find("NODE_STATE_STARTING") == std::string::npos;
    })) << agent->Errors();
    return agent;
  }
  std::unique_ptr<Program> StartAgent() const { return StartAgent(AgentCommand()); }
  // The agent as a program with these capabilities only.
  std::vector<std::string> AgentWith(const std::vector<std::string>& capabilities) const {
    const std::string command = absl::StrCat(LISTENQ_AGENT, " --listen ", Socket(), " --node-name here");
    return {"/bin/sh", "-c", absl::StrCat("exec ", WithCapabilities(capabilities, command))};
  }
  // The row of `listenq namespaces` for this inode, once it is there.
  YAML::Node NamespaceRow(uint64_t inode) const {
    YAML::Node row;
    EXPECT_TRUE(WaitUntil([&] {
      const auto rows = Items({"namespaces", "--netns", absl::StrCat(inode)});
      if (rows.size() == 1) row.reset(rows[0]);
      return rows.size() == 1;
    })) << inode;
    return row;
  }

  TempFolder folder_;
};

// A container-like process in a namespace of its own: uid 65534, one listener on 7777.
std::unique_ptr<UnpinnedNetns> NobodysListener() {
  return std::make_unique<UnpinnedNetns>([] {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(7777)};
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 || listen(fd, 3) != 0) _exit(1);
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(1);
    // As a program that was started as this user is.
    if (prctl(PR_SET_DUMPABLE, 1) != 0) _exit(1);
  });
}

// One connection after another to a full listener, until `seen`: who follows sees only what is lost from the
// moment on in which the server took the call.
bool LoseUntil(const TestNetns& netns, uint16_t port, const std::function<bool()>& seen) {
  std::vector<std::vector<sys::UniqueFd>> lost;
  return WaitUntil([&] {
    if (lost.size() < 1000) lost.push_back(StartConnects(netns, "127.0.0.1", port, 1));
    return seen();
  });
}

TEST_F(Programs, ListenersAreWhatSsPrints) {
  const TestNetns netns;
  std::vector<TestListener> listeners;
  listeners.push_back(Listen(netns, {.port = 8080, .backlog = 0}));
  listeners.push_back(Listen(netns, {.address = "::", .port = 8081, .backlog = 65535}));
  listeners.push_back(Listen(netns, {.address = "::1", .port = 8082, .backlog = -1, .v6_only = true}));
  const auto waiting = Connect(netns, "127.0.0.1", 8080);
  const auto agent = StartAgent();
  const auto rows = Items({"listeners", "--netns", netns.name()});
  const auto expected = RunSs(netns);
  ASSERT_EQ(rows.size(), expected.size());
  std::map<uint16_t, YAML::Node> by_port;
  for (const auto& row : rows) by_port[row["localPort"].as<uint16_t>()] = row;
  for (const SsListener& line : expected) {
    const YAML::Node row = by_port[line.port];
    ASSERT_TRUE(row.IsMap()) << line.port;
    EXPECT_EQ(row["queue"].as<uint32_t>(), line.queue);
    EXPECT_EQ(row["limit"].as<uint32_t>(), line.limit);
    EXPECT_EQ(row["skDrops"].as<uint32_t>(), line.drops);
    EXPECT_EQ(row["inode"].as<uint64_t>(), line.inode);
    EXPECT_EQ(row["cookie"].as<uint64_t>(), line.cookie);
    EXPECT_EQ(row["somaxconn"].as<std::string>(), RunSysctl(netns, "net.core.somaxconn"));
  }
}

TEST_F(Programs, CountersAndSysctlsAreWhatTheToolsPrint) {
  const TestNetns netns;
  ASSERT_TRUE(netns.SetSysctl("net.ipv4.ip_local_port_range", "20000 60000").ok());
  const auto listener = Listen(netns, {.backlog = 0});
  const auto full = Connect(netns, listener.address, listener.port);
  const auto agent = StartAgent();
  const std::string selection = netns.name();
  const auto row = Items({"namespaces", "--netns", selection})[0];
  const auto expected = RunNstat(netns);
  ASSERT_TRUE(row["counters"].IsMap());
  size_t counters = 0;
  for (const auto& counter : row["counters"]) {
    const auto line = expected.find(counter.first.as<std::string>());
    if (line == expected.end()) continue;  // nstat leaves out what is no counter (TcpCurrEstab)
    EXPECT_EQ(counter.second.as<uint64_t>(), line->second) << counter.first;
    ++counters;
  }
  EXPECT_GE(counters, 12u);
  const auto sysctls = Items({"sysctls", "--netns", selection});
  ASSERT_EQ(sysctls.size(), 1u);
  size_t compared = 0;
  for (const auto& sysctl : sysctls[0]["sysctls"]) {
    if (!sysctl.second["value"].IsDefined()) continue;
    std::string text = RunSysctl(netns, sysctl.first.as<std::string>());
    for (char& c : text) c = c == '\t' ? ' ' : c;
    EXPECT_EQ(sysctl.second["value"].as<std::string>(), text) << sysctl.first;
    ++compared;
  }
  EXPECT_GE(compared, 40u);
}

TEST_F(Programs, AnAgentThatIsStuckEndsToBeStartedAnew) {
  // Whoever opens a pipe without a writer waits for one: here, to enter the namespace of process 7.
  const TempFolder proc;
  ASSERT_EQ(mkdir(proc.Path("7").c_str(), 0755), 0);
  ASSERT_EQ(mkdir(proc.Path("7/ns").c_str(), 0755), 0);
  ASSERT_EQ(symlink("net:[77]", proc.Path("7/ns/net").c_str()), 0);
  ASSERT_EQ(mkfifo(proc.Path("7/ns/net:[77]").c_str(), 0644), 0);
  std::vector<std::string> command = AgentCommand();
  command.insert(command.end(), {"--proc", proc.path(), "--watchdog", "2s"});
  Program agent(command);
  EXPECT_EQ(agent.Wait(kPatience), 128 + SIGABRT);
  EXPECT_THAT(agent.Errors(), HasSubstr("stuck: no reading finished for 2s"));
}

TEST_F(Programs, SysctlsThatDifferAreCountedWithTheirOwners) {
  const TestNetns same;
  const TestNetns like_it;
  const TestNetns other;
  ASSERT_TRUE(other.SetSysctl("net.core.somaxconn", "77").ok());
  const std::string usual = RunSysctl(same, "net.core.somaxconn");
  ASSERT_EQ(RunSysctl(like_it, "net.core.somaxconn"), usual);
  const auto agent = StartAgent();
  const auto lines = [&](const std::string& by) {
    const Finished run =
        Cli({"sysctls", "net.core.somaxconn", "--netns", same.name(), "--netns", like_it.name(), "--netns",
             other.name(), "--by", by, "-o", "csv", "--no-headers"});
    EXPECT_EQ(run.code, 0) << run.errors;
    return std::vector<std::string>(absl::StrSplit(run.output, '\n'));
  };
  for (const auto& [by, node_name] : {std::pair("value", ""), std::pair("node", "here")}) {
    const auto rows = lines(by);
    ASSERT_EQ(rows.size(), 3u) << by;
    const std::string start = absl::StrCat("net.core.somaxconn,", node_name, ",,,");
    EXPECT_EQ(rows[0], absl::StrCat(start, "77,,1,3,false,false,\"netns ", other.name(), "\""));
    EXPECT_THAT(rows[1], StartsWith(absl::StrCat(start, usual, ",,2,3,")));
  }
  const auto workloads = lines("workload");
  ASSERT_EQ(workloads.size(), 4u);
  EXPECT_THAT(workloads[0],
              StartsWith(absl::StrCat("net.core.somaxconn,,,\"netns ", other.name(), "\",77,,1,1,")));
}

TEST_F(Programs, ASysctlOfOneNamespaceStandsBesideTheHosts) {
  const TestNetns netns;
  ASSERT_TRUE(netns.SetSysctl("net.core.somaxconn", "77").ok());
  const auto agent = StartAgent();
  const Finished run = Cli({"sysctls", "net.core.somaxconn", "--netns", netns.name(), "--no-headers"});
  EXPECT_EQ(run.code, 0) << run.errors;
  const std::vector<std::string> cells =
      absl::StrSplit(run.output, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  const Finished host = RunProgram({"/bin/cat", "/proc/sys/net/core/somaxconn"});
  ASSERT_EQ(cells.size(), 4u) << run.output;
  EXPECT_EQ(cells[1], "4096");  // the kernel's default since 5.4
  EXPECT_EQ(cells[2] + "\n", host.output);
  EXPECT_EQ(cells[3], "77");
}

TEST_F(Programs, ALostSynIsFollowedAndRecorded) {
  const TestNetns netns;
  const auto listener = Listen(netns, {.port = 8080, .backlog = 0});
  const auto agent = StartAgent();
  Program follow({LISTENQ_CLI, "--server", Socket(), "drops", "-w", "-o", "json"});
  const auto full = Connect(netns, "127.0.0.1", 8080);
  ASSERT_TRUE(
      LoseUntil(netns, 8080, [&] { return follow.Output().find("acceptQueueFull") != std::string::npos; }))
      << follow.Output() << follow.Errors();
  const auto episodes = Items({"drops", "--since", "1m", "--netns", netns.name()});
  ASSERT_EQ(episodes.size(), 1u);
  EXPECT_GE(episodes[0]["counts"]["acceptQueueFull"].as<uint64_t>(), 1u);
  EXPECT_EQ(episodes[0]["shares"][0]["localPort"].as<int>(), 8080);
  // Bounds, where a SYN came between the reading of the listener and that of the namespace.
  const YAML::Node drops = episodes[0]["shares"][0]["drops"];
  EXPECT_THAT(drops["attribution"].as<std::string>(), AnyOf("ATTRIBUTION_EXACT", "ATTRIBUTION_BOUNDED"));
  EXPECT_GE(drops["min"].as<uint64_t>(), 1u);
}

TEST_F(Programs, TheDefaultCapabilitiesNameAnotherUsersProcess) {
  LISTENQ_SKIP_UNLESS_TOOL("setpriv");
  const auto netns = NobodysListener();
  const auto agent = StartAgent(AgentWith({"sys_admin", "sys_ptrace", "dac_read_search"}));
  const auto row = NamespaceRow(netns->inode());
  EXPECT_EQ(row["errors"].size(), 0u) << YAML::Dump(row);
  const auto listeners = Items({"listeners", "--netns", absl::StrCat(netns->inode())});
  ASSERT_EQ(listeners.size(), 1u);
  EXPECT_EQ(listeners[0]["limit"].as<int>(), 3);
  EXPECT_EQ(listeners[0]["processes"][0]["pid"].as<int>(), netns->pid());
}

TEST_F(Programs, WithoutDacReadSearchItSaysWhyAProcessHasNoName) {
  LISTENQ_SKIP_UNLESS_TOOL("setpriv");
  const auto netns = NobodysListener();
  const auto agent = StartAgent(AgentWith({"sys_admin", "sys_ptrace"}));
  NamespaceRow(netns->inode());
  const auto listeners = Items({"listeners", "--netns", absl::StrCat(netns->inode())});
  ASSERT_EQ(listeners.size(), 1u);
  EXPECT_FALSE(listeners[0]["processCount"].IsDefined());
  EXPECT_THAT(listeners[0]["processesUnreadableReason"].as<std::string>(""),
              HasSubstr("CAP_DAC_READ_SEARCH"));
}

TEST_F(Programs, WithoutSysAdminEachNamespaceSaysWhatItLacks) {
  LISTENQ_SKIP_UNLESS_TOOL("setpriv");
  const auto netns = NobodysListener();
  const auto agent = StartAgent(AgentWith({"sys_ptrace", "dac_read_search"}));
  const auto row = NamespaceRow(netns->inode());
  ASSERT_TRUE(row["errors"].IsSequence()) << YAML::Dump(row);
  EXPECT_THAT(row["errors"][0]["reason"].as<std::string>(), HasSubstr("CAP_SYS_ADMIN"));
  const auto listeners = Items({"listeners", "--netns", absl::StrCat(netns->inode())});
  ASSERT_EQ(listeners.size(), 1u);
  EXPECT_EQ(listeners[0]["localPort"].as<int>(), 7777);
  EXPECT_FALSE(listeners[0]["limit"].IsDefined());
  EXPECT_THAT(listeners[0]["degradedReason"].as<std::string>(), HasSubstr("no limit"));
}

TEST_F(Programs, WithoutPtracePinnedNamespacesAreWholeAndTheRestIsSaid) {
  LISTENQ_SKIP_UNLESS_TOOL("setpriv");
  const TestNetns pinned;
  const auto listener = Listen(pinned, {.backlog = 5});
  const auto nobody = NobodysListener();
  const auto agent = StartAgent(AgentWith({"sys_admin"}));
  const auto listeners = Items({"listeners", "--netns", pinned.name()});
  ASSERT_EQ(listeners.size(), 1u);
  EXPECT_EQ(listeners[0]["limit"].as<int>(), 5);
  const auto nodes = Items({"nodes"});
  ASSERT_EQ(nodes.size(), 1u);
  EXPECT_THAT(YAML::Dump(nodes[0]["errors"]), HasSubstr("CAP_SYS_PTRACE"));
}

TEST_F(Programs, WithoutSockDiagTheFallbackIsSaid) {
  const TestNetns netns;
  const auto listener = Listen(netns, {.port = 8080});
  std::vector<std::string> command = AgentCommand();
  command.insert(command.begin(), LISTENQ_WITHOUT_SOCK_DIAG);
  const auto agent = StartAgent(command);
  const auto listeners = Items({"listeners", "--netns", netns.name()});
  ASSERT_EQ(listeners.size(), 1u);
  EXPECT_EQ(listeners[0]["localPort"].as<int>(), 8080);
  EXPECT_FALSE(listeners[0]["limit"].IsDefined());
  EXPECT_THAT(listeners[0]["degradedReason"].as<std::string>(), HasSubstr("/proc/net/tcp"));
}

TEST_F(Programs, ASecondAgentRefusesAndTheFirstGoesOn) {
  const auto first = StartAgent();
  const Finished second = RunProgram(AgentCommand());
  EXPECT_EQ(second.code, 1);
  EXPECT_THAT(second.errors, HasSubstr("agent.sock"));
  EXPECT_EQ(Cli({"nodes"}).code, 0);
}

TEST_F(Programs, AStaleSocketIsReplaced) {
  {
    const auto killed = StartAgent();
    killed->Signal(SIGKILL);
    ASSERT_EQ(killed->Wait(kPatience), 128 + SIGKILL);
  }
  ASSERT_EQ(access(folder_.Path("agent.sock").c_str(), F_OK), 0);
  const auto next = StartAgent();
  EXPECT_EQ(Cli({"nodes"}).code, 0);
}

TEST_F(Programs, TheSocketIsPrivate) {
  const auto agent = StartAgent();
  struct stat info = {};
  ASSERT_EQ(stat(folder_.Path("agent.sock").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0660u);
}

TEST_F(Programs, SigtermEndsItCleanlyUnderALiveStream) {
  const TestNetns netns;
  const auto listener = Listen(netns, {.port = 8080, .backlog = 0});
  const auto agent = StartAgent();
  Program follow({LISTENQ_CLI, "--server", Socket(), "drops", "-w"});
  const auto full = Connect(netns, "127.0.0.1", 8080);
  ASSERT_TRUE(LoseUntil(netns, 8080, [&] { return !follow.Output().empty(); })) << follow.Errors();
  agent->Signal(SIGTERM);
  EXPECT_EQ(agent->Wait(kPatience), 0) << agent->Errors();
  EXPECT_TRUE(follow.Wait(kPatience).has_value());
}

TEST_F(Programs, NoAgentIsAnErrorThatSaysWhere) {
  const Finished run = Cli({"listeners"});
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.errors, StartsWith("listenq: cannot reach the server"));
  EXPECT_THAT(run.errors, HasSubstr(folder_.path()));
}

TEST_F(Programs, ASocketThatMayNotBeOpenedIsAnErrorThatSaysSo) {
  LISTENQ_SKIP_UNLESS_TOOL("setpriv");
  const auto agent = StartAgent();
  ASSERT_EQ(chmod(folder_.path().c_str(), 0755), 0);
  const Finished run = RunProgram({"/bin/sh", "-c",
                                   absl::StrCat("exec setpriv --reuid=65534 --regid=65534 --clear-groups ",
                                                LISTENQ_CLI, " --server ", Socket(), " listeners")});
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.errors, HasSubstr("ermission"));
}

TEST_F(Programs, WrongWordsAreUsageErrors) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--no-such-flag"},
                                             {"no-such-command"},
                                             {"listeners", "-o", "xml"},
                                             {"drops", "--since", "yesterdayish"}}) {
    const Finished run = Cli(arguments);
    EXPECT_EQ(run.code, 2) << arguments.back();
    EXPECT_THAT(run.errors, HasSubstr(arguments.back()));
  }
}

TEST_F(Programs, AnUnknownSysctlAndABadFilterAreErrorsThatNameThem) {
  const auto agent = StartAgent();
  const Finished sysctl = Cli({"sysctls", "net.core.somaxcon"});
  EXPECT_NE(sysctl.code, 0);
  EXPECT_THAT(sysctl.errors, HasSubstr("net.core.somaxcon"));
  const Finished filter = Cli({"listeners", "-l", "app in web"});
  EXPECT_NE(filter.code, 0);
  EXPECT_THAT(filter.errors, HasSubstr("app in web"));
}

TEST_F(Programs, TheAgentListensOnNoNetwork) {
  const Finished run = RunProgram({LISTENQ_AGENT, "--listen", "0.0.0.0:7070"});
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.errors, HasSubstr("0.0.0.0:7070"));
}

TEST_F(Programs, TheRuntimeIsAskedOnASocketOnly) {
  const Finished run = RunProgram({LISTENQ_AGENT, "--cri-endpoint", "10.0.0.7:1234"});
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(run.errors,
            "listenq-agent: --cri-endpoint 10.0.0.7:1234: not auto, off or a unix socket, like "
            "unix:///run/containerd/containerd.sock\n");
}

TEST_F(Programs, WordsFromAContainerCannotMoveTheCursor) {
  const TestNetns netns;
  UnpinnedNetns hostile([] {
    if (prctl(PR_SET_NAME, "\033[2J\033[31mx") != 0) _exit(1);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || listen(fd, 3) != 0) _exit(1);
  });
  const auto agent = StartAgent();
  NamespaceRow(hostile.inode());
  for (const std::string format : {"table", "wide", "csv", "name", "yaml", "json"}) {
    const Finished run =
        Cli({"listeners", "--netns", absl::StrCat(hostile.inode()), "-o", format, "--color", "always"});
    EXPECT_EQ(run.code, 0) << run.errors;
    EXPECT_THAT(run.output, Not(HasSubstr("\033[2J"))) << format;
    EXPECT_THAT(run.output, Not(HasSubstr("\033[31mx"))) << format;
  }
}

}  // namespace
}  // namespace listenq::test
