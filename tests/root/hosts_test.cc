// Ten hosts that reach each other over a network only: each an agent over its own containers' namespaces and
// a front, all of them asked by one aggregator, with mutual TLS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/support/program.h"
#include "tests/support/skip.h"
#include "tests/support/sockets.h"
#include "tests/support/test_certificates.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::test {
namespace {

using ::testing::HasSubstr;

constexpr int kHosts = 10;
constexpr char kFrontName[] = "front.listenq";
constexpr char kClusterName[] = "cluster.listenq";
constexpr int kFrontPort = 7443;

// What each agent calls the one namespace that it has a bind mount of.
constexpr char kContainer[] = "container";

// A machine of its own but for the kernel: a network namespace with one interface, and a container's
// namespace.
class Host {
 public:
  Host(int number, const TestNetns& bridge, const TempFolder& folder, const CertificateFiles& certificates)
      : number_(number), folder_(folder.Path(name())), certificates_(certificates) {
    Plug(bridge);
    listener_ = Listen(container_, {.port = port(), .backlog = 4});
    waiting_.push_back(Connect(container_, "127.0.0.1", port()));
    StartAgent();
    StartFront();
  }

  [[nodiscard]] std::string name() const { return absl::StrCat("host-", number_); }
  [[nodiscard]] std::string ip() const { return absl::StrCat("10.77.0.", number_); }
  [[nodiscard]] uint16_t port() const { return static_cast<uint16_t>(8000 + number_); }
  // A line of the aggregator's file.
  [[nodiscard]] std::string peer() const { return absl::StrCat(ip(), ":", kFrontPort, " ", name(), "\n"); }
  [[nodiscard]] Program& agent() { return *agent_; }
  [[nodiscard]] Program& front() { return *front_; }
  [[nodiscard]] std::string Log() const { return front_->Errors(); }

  // Nobody hears or is told that the cable is out.
  void CutOff(const TestNetns& bridge) const {
    (void)bridge.Exec(absl::StrCat("ip link set port", number_, " down"));
  }
  void Restart() {
    front_.reset();
    agent_.reset();
    StartAgent();
    StartFront();
  }
  // A connection more than its container's listener holds.
  void Overflow() {
    for (auto& connection : StartConnects(container_, "127.0.0.1", port(), 6)) {
      waiting_.push_back(std::move(connection));
    }
  }

 private:
  void Plug(const TestNetns& bridge) const {
    (void)bridge.Exec(absl::StrCat("ip link add port", number_, " type veth peer name eth0 netns ",
                                   net_.name(), " && ip link set port", number_, " master hub up"));
    (void)net_.Exec(absl::StrCat("ip addr add ", ip(), "/24 dev eth0 && ip link set eth0 up"));
  }
  // The bind mount lives in a mount namespace of the agent's own and ends with it.
  void StartAgent() {
    const std::string script =
        absl::StrCat("mkdir -p ", folder_, "/pins && touch ", folder_, "/pins/container && mount --bind ",
                     container_.path(), " ", folder_, "/pins/container && exec ", LISTENQ_AGENT,
                     " --listen unix://", Socket(), " --node-name ", name(), " --pin-folder ", folder_,
                     "/pins --processes off --cri-endpoint off");
    agent_ = std::make_unique<Program>(
        std::vector<std::string>{"/usr/bin/unshare", "--mount", "/bin/sh", "-c", script});
  }
  void StartFront() {
    front_ = std::make_unique<Program>(std::vector<std::string>{
        "/usr/bin/nsenter", absl::StrCat("--net=", net_.path()), LISTENQ_AGGREGATOR, "--listen",
        absl::StrCat(ip(), ":", kFrontPort), "--peers", absl::StrCat("unix://", Socket()), "--tls-ca",
        certificates_.ca, "--tls-cert", certificates_.cert, "--tls-key", certificates_.key, "--allow",
        kClusterName});
  }
  [[nodiscard]] std::string Socket() const { return absl::StrCat(folder_, "/agent.sock"); }

  const int number_;
  const std::string folder_;
  const CertificateFiles certificates_;
  const TestNetns net_;
  const TestNetns container_;
  TestListener listener_;
  std::vector<sys::UniqueFd> waiting_;
  std::unique_ptr<Program> agent_;
  std::unique_ptr<Program> front_;
};

class TenHosts : public ::testing::Test {
 protected:
  void SetUp() override {
    LISTENQ_SKIP_UNLESS_ROOT();
    bridge_.emplace();
    (void)bridge_->Exec(
        "ip link add hub type bridge && ip addr add 10.77.0.254/24 dev hub && ip link set hub up");
    const CertificateFiles files = WriteFronts();
    std::string peers;
    for (int i = 1; i <= kHosts; ++i) {
      hosts_.push_back(std::make_unique<Host>(i, *bridge_, folder_, files));
      peers += hosts_.back()->peer();
    }
    StartCluster(peers);
    ASSERT_TRUE(AwaitAnswered(kHosts)) << cluster_->Errors() << Cli({"nodes"}).output << hosts_[0]->Log();
  }
  CertificateFiles WriteFronts() { return ca_.Write(folder_, "front", {.dns_names = {kFrontName}}); }
  CertificateFiles WriteCluster() { return ca_.Write(folder_, "cluster", {.dns_names = {kClusterName}}); }
  void StartCluster(const std::string& peers) {
    const CertificateFiles files = WriteCluster();
    cluster_ = std::make_unique<Program>(std::vector<std::string>{
        "/usr/bin/nsenter", absl::StrCat("--net=", bridge_->path()), LISTENQ_AGGREGATOR, "--listen",
        Address(), "--peers", absl::StrCat("file:", folder_.Write("peers", peers)), "--tls-ca", files.ca,
        "--tls-cert", files.cert, "--tls-key", files.key, "--tls-server-name", kFrontName});
  }
  [[nodiscard]] std::string Address() const { return absl::StrCat("unix://", folder_.Path("cluster.sock")); }
  [[nodiscard]] Finished Cli(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {LISTENQ_CLI, "--server", Address()});
    return RunProgram(arguments);
  }
  [[nodiscard]] Finished AskListeners() const {
    return Cli({"listeners", "--netns", kContainer, "-o", "json"});
  }
  // "host-3" -> the one port that listens in its container.
  [[nodiscard]] static std::map<std::string, int> Ports(const Finished& run) {
    std::map<std::string, int> ports;
    for (const auto& item : YAML::Load(run.output)["items"]) {
      ports[item["nodeName"].as<std::string>()] = item["localPort"].as<int>();
    }
    return ports;
  }
  [[nodiscard]] bool AwaitAnswered(size_t count) const {
    return WaitUntil([&] { return Ports(AskListeners()).size() == count; });
  }

  TempFolder folder_;
  const TestCa ca_{"lqt"};
  std::optional<TestNetns> bridge_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::unique_ptr<Program> cluster_;
};

TEST_F(TenHosts, EachAnswersForItsOwnContainers) {
  const Finished run = AskListeners();
  EXPECT_EQ(run.code, 0) << run.errors;
  const std::map<std::string, int> ports = Ports(run);
  for (const auto& host : hosts_) EXPECT_EQ(ports.at(host->name()), host->port());
  const Finished top = Cli({"top", "--once", "-n", "3"});
  EXPECT_EQ(top.code, 0) << top.errors;
  EXPECT_THAT(top.output, HasSubstr("10 of 10 nodes"));
  const std::string policy = folder_.Write("policy.yaml", Cli({"audit", "--print-default"}).output);
  const Finished audit = Cli({"audit", "-f", policy, "--netns", kContainer, "--min-nodes", "100%"});
  EXPECT_TRUE(audit.code == 0 || audit.code == 4) << audit.code << audit.errors;
  const Finished describe = Cli({"describe", "--netns", kContainer});
  EXPECT_EQ(describe.code, 0) << describe.errors;
  EXPECT_THAT(describe.output, HasSubstr("host-1"));
}

TEST_F(TenHosts, WhoIsCutOffOrStoppedCostsItsOwnRowsAlone) {
  hosts_[2]->CutOff(*bridge_);
  hosts_[5]->agent().Signal(SIGSTOP);
  hosts_[7]->front().Signal(SIGSTOP);
  const Finished run = AskListeners();
  hosts_[5]->agent().Signal(SIGCONT);
  hosts_[7]->front().Signal(SIGCONT);
  EXPECT_EQ(run.code, 3);
  const std::map<std::string, int> ports = Ports(run);
  EXPECT_EQ(ports.size(), 7u);
  for (const char* silent : {"host-3", "host-6", "host-8"}) {
    EXPECT_FALSE(ports.contains(silent)) << silent;
    EXPECT_THAT(run.errors, HasSubstr(absl::StrCat(silent, ": deadline exceeded")));
  }
  EXPECT_THAT(run.errors, HasSubstr("7 of 10 nodes answered"));
  EXPECT_TRUE(AwaitAnswered(kHosts - 1)) << "the two that go on are back";
}

TEST_F(TenHosts, AWatchOutlivesTheRestartOfAHost) {
  Program watch({LISTENQ_CLI, "--server", Address(), "drops", "-w", "-o", "json"});
  hosts_[0]->Overflow();
  EXPECT_TRUE(WaitUntil([&] { return absl::StrContains(watch.Output(), "host-1"); })) << watch.Errors();
  hosts_[3]->Restart();
  ASSERT_TRUE(AwaitAnswered(kHosts)) << Cli({"nodes"}).output;
  // The first reading of a new agent is where its counting begins.
  EXPECT_TRUE(WaitUntil([&] {
    hosts_[3]->Overflow();
    return absl::StrContains(watch.Output(), "host-4");
  })) << watch.Errors();
  EXPECT_EQ(watch.Wait(absl::ZeroDuration()), std::nullopt) << "it goes on";
}

TEST_F(TenHosts, CertificatesAreReplacedWhileItIsAsked) {
  WriteFronts();
  WriteCluster();
  size_t asked = 0;
  const auto is_new = [&](const Program& program) {
    return absl::StrContains(program.Errors(), "certificates changed");
  };
  EXPECT_TRUE(WaitUntil([&] {
    const Finished run = AskListeners();
    EXPECT_EQ(run.code, 0) << run.errors;
    ++asked;
    return asked > 1 && is_new(*cluster_) && is_new(hosts_[0]->front()) && is_new(hosts_[9]->front());
  })) << cluster_->Errors();
  EXPECT_EQ(Cli({"listeners"}).code, 0);
}

TEST_F(TenHosts, WhoAnswersUnderAnotherNameIsRefused) {
  folder_.Write("peers", absl::StrCat(hosts_[0]->ip(), ":", kFrontPort, " ", hosts_[1]->name(), "\n"));
  Finished run;
  EXPECT_TRUE(WaitUntil([&] {
    run = AskListeners();
    return absl::StrContains(run.errors, "answers for node \"host-1\", not for \"host-2\": refused");
  })) << run.errors;
  EXPECT_EQ(run.code, 1) << "nobody answered";
  EXPECT_EQ(Ports(run).size(), 0u);
}

}  // namespace
}  // namespace listenq::test
