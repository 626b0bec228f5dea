#include "tests/e2e/agent.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/e2e/machine.h"
#include "tests/support/wait.h"

namespace listenq::test {

Agent::Agent()
    : program_({LISTENQ_AGENT, "--listen", Socket(), "--node-name", "here", "--cri-endpoint", kEndpoint}) {
  EXPECT_TRUE(WaitUntil([&] {
    const Finished run = Run({"nodes", "-o", "json"});
    return run.code == 0 && !absl::StrContains(run.output, "NODE_STATE_STARTING");
  })) << program_.Errors();
}

std::string Agent::Socket() const { return absl::StrCat("unix://", folder_.Path("agent.sock")); }

Finished Agent::Run(const std::vector<std::string>& arguments) const {
  std::vector<std::string> argv = {LISTENQ_CLI, "--server", Socket()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return RunProgram(argv);
}

Rows Agent::Items(std::vector<std::string> arguments) const {
  arguments.insert(arguments.end(), {"-o", "json"});
  const Finished run = Run(arguments);
  EXPECT_EQ(run.code, 0) << absl::StrJoin(arguments, " ") << ": " << run.errors;
  const auto json = nlohmann::json::parse(run.output, nullptr, /*allow_exceptions=*/false);
  EXPECT_FALSE(json.is_discarded()) << run.output;
  return json.is_object() ? json.value("items", Rows()) : Rows();
}

Rows Agent::AwaitItems(const std::vector<std::string>& arguments,
                       const std::function<bool(const Rows&)>& enough) const {
  Rows rows;
  (void)WaitUntil([&] {
    rows = Items(arguments);
    return enough(rows);
  });
  return rows;
}

Rows Agent::AwaitItems(const std::vector<std::string>& arguments, size_t count) const {
  return AwaitItems(arguments, [count](const Rows& rows) { return rows.size() == count; });
}

Rows Agent::AwaitNamed(const std::vector<std::string>& arguments, size_t count) const {
  const auto has_container = [](const nlohmann::json& row) {
    const auto owners = row.value("owners", Rows());
    return !owners.empty() && !owners[0].value("container", "").empty();
  };
  return AwaitItems(arguments, [&](const Rows& rows) {
    return rows.size() == count && std::all_of(rows.begin(), rows.end(), has_container);
  });
}

}  // namespace listenq::test
