// The agent's flags.
#ifndef LISTENQ_AGENT_CONFIG_H_
#define LISTENQ_AGENT_CONFIG_H_

#include <optional>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/discover/name_poller.h"
#include "agent/scanner.h"
#include "base/address.h"
#include "base/flags.h"

namespace listenq::agent {

// All of it checked.
struct Config {
  base::Address listen;
  std::string log_level;
  ScannerOptions scanner;
  discover::NamePoller::Options names;
  // "auto", "off" or the address of a socket.
  std::string cri_endpoint;
  // How long no beat may finish.
  absl::Duration watchdog;
};

// EarlyExit with code 0 for --help and --version, with code 2 and one line that names the flag for what can't
// be used.
std::variant<Config, base::EarlyExit> ParseFlags(int argc, const char* const* argv);

}  // namespace listenq::agent

#endif  // LISTENQ_AGENT_CONFIG_H_
