// The agent and its client as their users start them, at the tests' containerd.
#ifndef LISTENQ_TESTS_E2E_AGENT_H_
#define LISTENQ_TESTS_E2E_AGENT_H_

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/program.h"
#include "tests/support/temp_folder.h"

namespace listenq::test {

using Rows = std::vector<nlohmann::json>;

// Running and past its first reading on return from the constructor.
class Agent {
 public:
  Agent();

  // The rows that `listenq ARGUMENTS -o json` prints. Records a failure of the running test when it fails.
  [[nodiscard]] Rows Items(std::vector<std::string> arguments) const;
  // Asks until `enough` says so; the last rows in any case.
  [[nodiscard]] Rows AwaitItems(const std::vector<std::string>& arguments,
                                const std::function<bool(const Rows&)>& enough) const;
  // Until there are exactly `count`.
  [[nodiscard]] Rows AwaitItems(const std::vector<std::string>& arguments, size_t count) const;
  // Until there are exactly `count`, all with a container: a pod is listed before its containers are.
  [[nodiscard]] Rows AwaitNamed(const std::vector<std::string>& arguments, size_t count) const;
  // `listenq ARGUMENTS` as it is.
  [[nodiscard]] Finished Run(const std::vector<std::string>& arguments) const;
  [[nodiscard]] const Program& program() const { return program_; }

 private:
  [[nodiscard]] std::string Socket() const;

  TempFolder folder_;
  Program program_;
};

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_E2E_AGENT_H_
