// `listenq-aggregator` between real agents and `listenq`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <yaml-cpp/yaml.h>

#include <csignal>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/support/program.h"
#include "tests/support/skip.h"
#include "tests/support/sockets.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::test {
namespace {

using ::testing::HasSubstr;

class AggregatorPrograms : public ::testing::Test {
 protected:
  void SetUp() override { LISTENQ_SKIP_UNLESS_ROOT(); }

  [[nodiscard]] std::string Address(const std::string& name) const {
    return absl::StrCat("unix://", folder_.Path(name + ".sock"));
  }
  // They all see this machine's namespaces, each under the name of its own node.
  void StartAgent(const std::string& name) {
    agents_[name] = std::make_unique<Program>(std::vector<std::string>{
        LISTENQ_AGENT, "--listen", Address(name), "--node-name", name, "--cri-endpoint", "off"});
  }
  void StartAggregator(std::vector<std::string> prefix, const std::vector<std::string>& peers) {
    std::vector<std::string> addresses;
    for (const std::string& peer : peers) addresses.push_back(Address(peer));
    for (const std::string& word :
         {std::string(LISTENQ_AGGREGATOR), std::string("--listen"), Address("aggregator"),
          std::string("--peers"), absl::StrJoin(addresses, ",")}) {
      prefix.push_back(word);
    }
    aggregator_ = std::make_unique<Program>(prefix);
  }
  Finished Cli(const std::vector<std::string>& arguments) const {
    std::vector<std::string> argv = {LISTENQ_CLI, "--server", Address("aggregator")};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return RunProgram(argv);
  }
  [[nodiscard]] bool AwaitNodes(const std::set<std::string>& names) const {
    return WaitUntil([&] {
      const Finished run = Cli({"nodes", "-o", "json"});
      std::set<std::string> ready;
      for (const auto& node : YAML::Load(run.output)["items"]) {
        const std::string state = node["status"]["state"].as<std::string>();
        if (state == "NODE_STATE_OK" || state == "NODE_STATE_PARTIAL") {
          ready.insert(node["status"]["nodeName"].as<std::string>());
        }
      }
      return ready == names;
    });
  }

  TempFolder folder_;
  std::map<std::string, std::unique_ptr<Program>> agents_;
  std::unique_ptr<Program> aggregator_;
};

TEST_F(AggregatorPrograms, ACommandCannotTellItFromAnAgent) {
  const TestNetns netns;
  const auto listener = Listen(netns, {.port = 8080, .backlog = 7});
  const auto waiting = Connect(netns, "127.0.0.1", 8080);
  StartAgent("one");
  StartAgent("two");
  StartAggregator({}, {"one", "two"});
  ASSERT_TRUE(AwaitNodes({"one", "two"})) << aggregator_->Errors();
  const Finished listeners = Cli({"listeners", "--netns", netns.name(), "-o", "json"});
  ASSERT_EQ(listeners.code, 0) << listeners.errors;
  const YAML::Node items = YAML::Load(listeners.output)["items"];
  ASSERT_EQ(items.size(), 2u);
  for (const auto& item : items) {
    EXPECT_EQ(item["localPort"].as<int>(), 8080);
    EXPECT_EQ(item["limit"].as<int>(), 7);
    EXPECT_EQ(item["queue"].as<int>(), 1);
  }
  const Finished table = Cli({"listeners", "--netns", netns.name()});
  EXPECT_THAT(table.output, HasSubstr("NODE"));
  EXPECT_THAT(table.output, HasSubstr("one"));
  EXPECT_THAT(table.output, HasSubstr("two"));
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"top", "--once"},
                                             {"namespaces"},
                                             {"sysctls", "--by", "value", "net.core.somaxconn"},
                                             {"drops"},
                                             {"findings"},
                                             {"history", "--netns", netns.name()},
                                             {"states", "--netns", netns.name()},
                                             {"ports", "--netns", netns.name()},
                                             {"describe", "--netns", netns.name()},
                                             {"nodes"}}) {
    const Finished run = Cli(command);
    EXPECT_EQ(run.code, 0) << absl::StrJoin(command, " ") << ": " << run.errors;
  }
}

TEST_F(AggregatorPrograms, AMissingNodeIsSaidAndTheExitCodeIs3) {
  StartAgent("one");
  StartAgent("two");
  StartAggregator({}, {"one", "two"});
  ASSERT_TRUE(AwaitNodes({"one", "two"})) << aggregator_->Errors();
  agents_["two"]->Signal(SIGKILL);
  ASSERT_TRUE(agents_["two"]->Wait(kPatience).has_value());
  const Finished run = Cli({"listeners"});
  EXPECT_EQ(run.code, 3);
  EXPECT_THAT(run.errors, HasSubstr("two: unreachable"));
  EXPECT_THAT(run.errors, HasSubstr("1 of 2 nodes answered"));
  StartAgent("two");
  EXPECT_TRUE(AwaitNodes({"one", "two"})) << "it connects again by itself";
}

TEST_F(AggregatorPrograms, AStoppedAgentCostsItsOwnRowsAlone) {
  StartAgent("one");
  StartAgent("two");
  StartAggregator({}, {"one", "two"});
  ASSERT_TRUE(AwaitNodes({"one", "two"})) << aggregator_->Errors();
  agents_["two"]->Signal(SIGSTOP);
  const Finished run = Cli({"listeners"});
  agents_["two"]->Signal(SIGCONT);
  EXPECT_EQ(run.code, 3);
  EXPECT_THAT(run.errors, HasSubstr("two: deadline exceeded: no answer for 2s"));
  EXPECT_THAT(run.errors, HasSubstr("1 of 2 nodes answered"));
}

// The one that holds privileges has no network; the one that faces a network holds none.
TEST_F(AggregatorPrograms, RunsAsAnOrdinaryUserWithoutCapabilities) {
  ASSERT_EQ(chmod(folder_.path().c_str(), 0777), 0);
  StartAgent("one");
  const auto as = [](const std::string& gid) {
    return std::vector<std::string>{"/usr/bin/setpriv", "--reuid",    "65534", "--regid",        gid,
                                    "--clear-groups",   "--inh-caps", "-all",  "--bounding-set", "-all",
                                    "--no-new-privs"};
  };
  StartAggregator(as("0"), {"one"});
  ASSERT_TRUE(AwaitNodes({"one"})) << aggregator_->Errors();
  aggregator_->Signal(SIGTERM);
  ASSERT_EQ(aggregator_->Wait(kPatience), 0) << aggregator_->Errors();

  // Neither the socket's owner nor in its group.
  StartAggregator(as("65534"), {"one"});
  ASSERT_TRUE(WaitUntil([&] { return Cli({"nodes"}).output.find("Permission denied") != std::string::npos; }))
      << aggregator_->Errors();
}

TEST_F(AggregatorPrograms, SaysWhatIsWrongWithItsFlags) {
  const Finished peers = RunProgram({LISTENQ_AGGREGATOR, "--listen", Address("x"), "--peers", "nonsense"});
  EXPECT_NE(peers.code, 0);
  EXPECT_THAT(peers.errors, HasSubstr("listenq-aggregator: parse address \"nonsense\""));
  const Finished timeout = RunProgram({LISTENQ_AGGREGATOR, "--peer-timeout", "1"});
  EXPECT_EQ(timeout.code, 2);
  EXPECT_THAT(timeout.errors, HasSubstr("--peer-timeout 1: not a duration"));
}

}  // namespace
}  // namespace listenq::test
