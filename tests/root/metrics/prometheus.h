// A Prometheus of a test's own.
#ifndef LISTENQ_TESTS_ROOT_METRICS_PROMETHEUS_H_
#define LISTENQ_TESTS_ROOT_METRICS_PROMETHEUS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/program.h"
#include "tests/support/temp_folder.h"

namespace listenq::test {

// Where the program `name` ("prometheus", "promtool") is: in $LISTENQ_PROMETHEUS_DIR, in usr/bin below it, or
// in PATH; "" when it is nowhere.
std::string FindPrometheusTool(const std::string& name);
// For LISTENQ_SKIP_IF_: "" when both are there.
std::string WhyNoPrometheus();

// What a program's arguments begin with that must not outlive a test that dies.
inline const std::vector<std::string> kEndWithParent = {"/usr/bin/setpriv", "--pdeathsig", "KILL"};

// Contract: scrapes 127.0.0.1:target every second and evaluates the rules as often, from construction to
//   destruction; listens on a loopback port of its own.
class Prometheus {
 public:
  Prometheus(uint16_t target, const std::string& rules_file);

  // The values of an instant vector; absent when the query is wrong or nobody answers.
  [[nodiscard]] std::optional<std::vector<double>> Query(const std::string& expression) const;
  // What Query's answer was, for messages.
  [[nodiscard]] std::string Raw(const std::string& expression) const;
  [[nodiscard]] std::string Errors() const { return program_->Errors(); }

 private:
  const TempFolder folder_;
  const uint16_t port_;
  std::unique_ptr<Program> program_;
};

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_ROOT_METRICS_PROMETHEUS_H_
