#include "aggregator/config.h"

#include <CLI/CLI.hpp>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "agent/sys/status.h"
#include "base/version.h"

namespace listenq::aggregator {
namespace {

constexpr char kProgram[] = "listenq-aggregator";
constexpr char kDefaultListen[] = "unix:///run/listenq/aggregator.sock";

// As given on the command line.
struct Flags {
  std::string listen = kDefaultListen;
  std::string peers = base::kDefaultAgentAddress;
  std::string peer_timeout = "2s";
  std::string log_level = "info";
};

void Declare(CLI::App* app, Flags* flags) {
  app->set_version_flag("--version", std::string(base::Version()));
  app->add_option("--listen", flags->listen, "Where to serve: unix:///PATH or a loopback HOST:PORT")
      ->capture_default_str();
  app->add_option(
         "--peers", flags->peers,
         "Whom to ask: ADDRESS,ADDRESS… or file:PATH (a line each, \"ADDRESS [NODE]\", read again when "
         "it changes)")
      ->capture_default_str();
  app->add_option("--peer-timeout", flags->peer_timeout,
                  "How long a peer may take to answer, or to go on; at most 80% of the caller's time")
      ->capture_default_str();
  app->add_option("--log-level", flags->log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
}

absl::StatusOr<Config> Check(const Flags& flags) {
  Config config;
  ASSIGN_OR_RETURN(config.listen, base::ParseListenAddress(flags.listen));
  config.peers = flags.peers;
  config.log_level = flags.log_level;
  RETURN_IF_ERROR(base::ReadDuration("--peer-timeout", flags.peer_timeout, absl::Milliseconds(100),
                                     &config.peer_timeout));
  return config;
}

}  // namespace

std::variant<Config, base::EarlyExit> ParseFlags(int argc, const char* const* argv) {
  Flags flags;
  CLI::App app(
      "Asks listenq-agents, or other aggregators, and answers for all of them with the same API:\n"
      "`listenq --server` takes it as it takes an agent.",
      kProgram);
  Declare(&app, &flags);
  if (std::optional<base::EarlyExit> exit = base::ParseCommandLine(app, argc, argv)) return *exit;
  absl::StatusOr<Config> config = Check(flags);
  if (!config.ok()) return base::WrongFlag(kProgram, config.status());
  return *std::move(config);
}

}  // namespace listenq::aggregator
