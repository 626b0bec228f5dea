// `listenq` and a kubectl: a script that says what kubectl 1.32 says, and a real server behind the port that
// it names. tests/cluster asks the real one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "agent/sys/file.h"
#include "tests/support/program.h"
#include "tests/support/temp_folder.h"
#include "tests/support/wait.h"

namespace listenq::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kPods[] =
    R"({"items": [{"metadata": {"namespace": "obs", "name": "listenq-aggregator-0"},
                   "status": {"conditions": [{"type": "Ready", "status": "True"}]}}]})";
constexpr char kGetPods[] =
    "get --raw "
    "/api/v1/"
    "pods?labelSelector=app.kubernetes.io%2Fname%3Dlistenq%2Capp.kubernetes.io%2Fcomponent%3Daggregator";

// Ended and waited for, or a zombie that init has not waited for yet.
bool IsGone(const std::string& pid) {
  const auto stat = sys::ReadFile(absl::StrCat("/proc/", pid, "/stat"));
  return !stat.ok() || absl::StrContains(*stat, ") Z ");
}

class KubeProgram : public ::testing::Test {
 protected:
  void SetUp() override {
    // What this process ignores its children would ignore too.
    for (const int number : {SIGINT, SIGHUP, SIGTERM}) signal(number, SIG_DFL);
    ASSERT_EQ(symlink(LISTENQ_CLI, plugin_.c_str()), 0);
    ASSERT_EQ(symlink(LISTENQ_CLI, completer_.c_str()), 0);
    folder_.Write("pods.json", kPods);
    Kubectl("cat " + folder_.Path("pods.json"), Forwarding("wait"));
  }

  // What the script does when it is asked for pods, and for a port-forward. It writes down what it was called
  // with.
  void Kubectl(const std::string& get, const std::string& port_forward) const {
    const std::string path = folder_.Write(
        "kubectl", absl::StrCat("#!/bin/sh\necho \"$@\" >> ", folder_.Path("calls"), "\ncase $1 in\nget)\n",
                                get, "\n;;\nport-forward)\n", port_forward, "\n;;\nesac\n"));
    chmod(path.c_str(), 0700);
  }
  // A port-forward that holds on to a child of its own, then does `then`.
  [[nodiscard]] std::string Forwarding(const std::string& then) const {
    return absl::StrCat("sleep 600 &\necho $$ $! > ", folder_.Path("pids.new"), "\nmv ",
                        folder_.Path("pids.new"), " ", folder_.Path("pids"),
                        "\necho \"Forwarding from 127.0.0.1:", port_, " -> 7444\"\n", then);
  }
  // An aggregator whose only peer is not there.
  void StartServer() {
    server_ = std::make_unique<Program>(std::vector<std::string>{
        LISTENQ_AGGREGATOR, "--listen", "127.0.0.1:0", "--peers", folder_.Path("no-agent.sock")});
    ASSERT_TRUE(WaitUntil([this] { return ReadPort(); })) << server_->Errors();
    Kubectl("cat " + folder_.Path("pods.json"), Forwarding("wait"));
  }
  bool ReadPort() {
    const std::vector<std::string> parts = absl::StrSplit(server_->Errors(), "serves on 127.0.0.1:");
    if (parts.size() < 2 || !absl::StrContains(parts[1], '\n')) return false;
    port_ = parts[1].substr(0, parts[1].find('\n'));
    return true;
  }
  [[nodiscard]] std::vector<std::string> Command(const std::string& program,
                                                 const std::vector<std::string>& arguments) const {
    std::vector<std::string> argv = {"/usr/bin/env",
                                     "-u",
                                     "LISTENQ_NAMESPACE",
                                     "LISTENQ_SERVER=unix:///nonexistent/agent.sock",
                                     "LISTENQ_CONFIG=" + folder_.Path("contexts.yaml"),
                                     "KUBECTL=" + folder_.Path("kubectl"),
                                     program};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return argv;
  }
  [[nodiscard]] Finished Run(const std::vector<std::string>& arguments) const {
    return RunProgram(Command(plugin_, arguments));
  }
  [[nodiscard]] std::vector<std::string> Calls() const {
    return absl::StrSplit(sys::ReadFile(folder_.Path("calls")).value_or(""), '\n', absl::SkipEmpty());
  }
  [[nodiscard]] std::vector<std::string> ForwardPids() const {
    std::string pids = sys::ReadFile(folder_.Path("pids")).value_or("");
    return absl::StrSplit(pids, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  }
  void ExpectNothingIsLeft() const {
    const std::vector<std::string> pids = ForwardPids();
    ASSERT_EQ(pids.size(), 2U);
    for (const std::string& pid : pids) EXPECT_TRUE(WaitUntil([&pid] { return IsGone(pid); })) << pid;
  }

  TempFolder folder_;
  std::string plugin_ = folder_.Path("kubectl-listenq");
  std::string completer_ = folder_.Path("kubectl_complete-listenq");
  std::string port_ = "1";
  std::unique_ptr<Program> server_;
};

TEST_F(KubeProgram, AsksThroughAPortForward) {
  StartServer();
  const Finished nodes = Run({"nodes", "-o", "json", "--context", "prod", "--as", "jane"});
  EXPECT_THAT(nodes.output, HasSubstr("no-agent.sock")) << nodes.errors;
  EXPECT_THAT(Calls(), ::testing::ElementsAre(absl::StrCat(kGetPods, " --context=prod --as=jane"),
                                              "port-forward --address=127.0.0.1 --namespace=obs "
                                              "pod/listenq-aggregator-0 :7444 --context=prod --as=jane"));
  // By the time that we have ended kubectl has too, with all that it started.
  for (const std::string& pid : ForwardPids()) EXPECT_TRUE(IsGone(pid)) << pid;
  EXPECT_EQ(ForwardPids().size(), 2U);
}

TEST_F(KubeProgram, IsListenqWithAFlagOfKubectl) {
  StartServer();
  const std::string output = Run({"nodes", "-o", "name"}).output;
  EXPECT_NE(output, "");
  EXPECT_EQ(RunProgram(Command(LISTENQ_CLI, {"--kube", "nodes", "-o", "name"})).output, output);
  EXPECT_EQ(RunProgram(Command(LISTENQ_CLI, {"nodes", "-o", "name", "--node", "n1"})).output, output);
  EXPECT_THAT(Calls()[4], HasSubstr("component%3Dagent&fieldSelector=spec.nodeName%3Dn1"));
  // Without one the server is the variable's, as ever.
  EXPECT_THAT(RunProgram(Command(LISTENQ_CLI, {"nodes"})).errors,
              HasSubstr("unix:///nonexistent/agent.sock"));
  EXPECT_EQ(Calls().size(), 6U);
}

TEST_F(KubeProgram, LeavesStandardInputToThePolicy) {
  StartServer();
  Kubectl("cat > " + folder_.Path("eaten") + "; cat " + folder_.Path("pods.json"),
          "cat; " + Forwarding("wait"));
  const std::string policy = folder_.Write("policy", "rules: 7\n");
  const std::string line =
      absl::StrCat("KUBECTL=", folder_.Path("kubectl"), " ", plugin_, " audit -f - < ", policy);
  const Finished run = RunProgram({"/bin/sh", "-c", line});
  EXPECT_THAT(run.errors, HasSubstr("rules"));
  EXPECT_EQ(sys::ReadFile(folder_.Path("eaten")).value_or("?"), "");
}

TEST_F(KubeProgram, TakesKubectlAlongWhateverEndsIt) {
  StartServer();
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGKILL}) {
    unlink(folder_.Path("pids").c_str());
    Program watch(Command(plugin_, {"listeners", "-w", "--interval", "10ms"}));
    ASSERT_TRUE(WaitUntil([&] { return !watch.Output().empty() || !watch.Errors().empty(); }));
    watch.Signal(number);
    EXPECT_EQ(watch.Wait(kPatience), 128 + number) << watch.Errors();
    ExpectNothingIsLeft();
  }
}

TEST_F(KubeProgram, SaysThatThePortForwardEnded) {
  StartServer();
  const std::string go = folder_.Path("go");
  Kubectl("cat " + folder_.Path("pods.json"),
          Forwarding(absl::StrCat("while [ ! -e ", go, " ]; do sleep 0.01; done\n",
                                  "echo 'error: lost connection to pod' >&2\nexit 1")));
  Program watch(Command(plugin_, {"listeners", "-w", "--interval", "10ms"}));
  ASSERT_TRUE(WaitUntil([&] { return !watch.Output().empty() || !watch.Errors().empty(); }));
  folder_.Write("go", "");
  server_.reset();
  EXPECT_EQ(watch.Wait(kPatience), 1);
  EXPECT_THAT(
      watch.Errors(),
      HasSubstr("listenq: the port-forward to pod obs/listenq-aggregator-0 ended: lost connection to pod\n"
                "         start again: another pod is asked if that one is gone\n"));
  ExpectNothingIsLeft();
}

TEST_F(KubeProgram, SaysThatNobodyListensInThePod) {
  Kubectl("cat " + folder_.Path("pods.json"),
          Forwarding("echo 'E1123 06:20:00.1 1 portforward.go:424] \"Unhandled Error\" err=\"an error "
                     "occurred forwarding "
                     "1 -> 7444: dial tcp4 127.0.0.1:7444: connect: connection refused\"' >&2\n"
                     "echo 'error: lost connection to pod' >&2\nexit 1"));
  const Finished run = Run({"nodes"});
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(run.errors,
            "listenq: nobody listens on 127.0.0.1:7444 in pod obs/listenq-aggregator-0\n"
            "         listenq-aggregator does with --listen 127.0.0.1:7444; see `kubectl -n obs describe pod "
            "listenq-aggregator-0`\n");
}

TEST_F(KubeProgram, SaysWhyThereIsNoPortForward) {
  Kubectl("cat " + folder_.Path("pods.json"),
          "echo 'error: error upgrading connection: pods \"listenq-aggregator-0\" is forbidden: User "
          "\"jane\" cannot "
          "create resource \"pods/portforward\" in API group \"\" in the namespace \"obs\"' >&2; exit 1");
  const Finished run = Run({"nodes"});
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(run.errors,
            "listenq: kubectl cannot forward a port to pod obs/listenq-aggregator-0: error upgrading "
            "connection: pods "
            "\"listenq-aggregator-0\" is forbidden: User \"jane\" cannot create resource "
            "\"pods/portforward\" in API "
            "group \"\" in the namespace \"obs\"\n"
            "         ask for the rights to get pods and to create pods/portforward in namespace obs\n");
}

TEST_F(KubeProgram, SaysWhyTheyCannotBeListed) {
  Kubectl("echo 'error: context \"prod\" does not exist' >&2; exit 1", "");
  const Finished run = Run({"nodes", "--context", "prod"});
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(run.output, "");
  EXPECT_EQ(run.errors,
            "listenq: kubectl cannot list the pods of listenq: context \"prod\" does not exist\n"
            "         `kubectl config get-contexts` has those that there are\n");
}

TEST_F(KubeProgram, SaysThatThereIsNoKubectl) {
  unlink(folder_.Path("kubectl").c_str());
  const Finished run = Run({"nodes"});
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(run.errors,
            absl::StrCat("listenq: start ", folder_.Path("kubectl"),
                         ": No such file or directory\n         a cluster is asked by way of kubectl: "
                         "install it, or name it: KUBECTL=/path/to/kubectl\n"));
}

TEST_F(KubeProgram, ShowsALoginThatKubectlAsksFor) {
  StartServer();
  const std::string go = folder_.Path("go");
  Kubectl(absl::StrCat("echo 'To sign in, open a browser' >&2\nwhile [ ! -e ", go,
                       " ]; do sleep 0.01; done\ncat ", folder_.Path("pods.json")),
          Forwarding("wait"));
  Program nodes(Command(plugin_, {"nodes", "-o", "name"}));
  ASSERT_TRUE(WaitUntil([&] { return !nodes.Errors().empty(); }));
  EXPECT_EQ(nodes.Errors(), "To sign in, open a browser\n");
  folder_.Write("go", "");
  EXPECT_TRUE(nodes.Wait(kPatience).has_value());
  EXPECT_NE(nodes.Output(), "");
}

TEST_F(KubeProgram, CompletesAsCobraDoes) {
  Kubectl("echo node/a-1; echo node/a-2; echo node/b", "");
  EXPECT_THAT(RunProgram(Command(completer_, {"no"})).output, StartsWith("nodes\tThe servers"));
  EXPECT_EQ(RunProgram(Command(completer_, {"listeners", "-o", "j"})).output, "json\n:4\n");
  EXPECT_EQ(RunProgram(Command(completer_, {"audit", "-f", ""})).output, ":0\n");
  EXPECT_EQ(Calls().size(), 0U);
  EXPECT_EQ(RunProgram(Command(completer_, {"top", "--as", "jane", "--node", "a"})).output, "a-1\na-2\n:4\n");
  EXPECT_THAT(Calls(), ::testing::ElementsAre("get nodes -o name --as=jane"));
  const Finished pods = RunProgram(Command(completer_, {"listeners", ""}));
  EXPECT_EQ(pods.output, ":4\n");
  EXPECT_EQ(pods.errors, "");
  EXPECT_EQ(pods.code, 0);
}

}  // namespace
}  // namespace listenq::test
