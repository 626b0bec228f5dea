#include "aggregator/config.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "agent/sys/status.h"
#include "base/server.h"
#include "base/version.h"

namespace listenq::aggregator {
namespace {

constexpr char kProgram[] = "listenq-aggregator";
constexpr char kDefaultListen[] = "unix:///run/listenq/aggregator.sock";

// As given on the command line.
struct Flags {
  std::vector<std::string> listen = {kDefaultListen};
  std::string peers = base::kDefaultAgentAddress;
  std::string peer_timeout = "2s";
  base::TlsFiles tls;
  std::string tls_server_name;
  std::vector<std::string> allowed_callers;
  bool insecure = false;
  std::string metrics;
  std::string metrics_rows = "on";
  std::string log_level = "info";
};

void Declare(CLI::App* app, Flags* flags) {
  app->set_version_flag("--version", std::string(base::Version()));
  app->add_option("--listen", flags->listen,
                  "Where to serve, repeatable: unix:///PATH or a loopback HOST:PORT in plaintext, any other "
                  "IP:PORT, :PORT or tls://IP:PORT by mutual TLS")
      ->capture_default_str();
  app->add_option(
         "--peers", flags->peers,
         "Whom to ask: ADDRESS,ADDRESS…; file:PATH (a line each, \"ADDRESS [NODE]\", read again when it "
         "changes); dns:///NAME:PORT (each address of the name; dns:///tls://localhost:PORT where a loopback "
         "name "
         "speaks TLS); or, in a pod, "
         "k8s://NAMESPACE/SELECTOR:PORT (a DaemonSet's pods with these labels; the service account needs "
         "list on pods, get and list on daemonsets)")
      ->capture_default_str();
  app->add_option("--peer-timeout", flags->peer_timeout,
                  "How long a peer may take to answer, or to go on; at most 80% of the caller's time")
      ->capture_default_str();
  app->add_option("--tls-ca", flags->tls.ca, "PEM file: who signs the certificates of callers and peers");
  app->add_option("--tls-cert", flags->tls.cert, "PEM file: our certificate; read again when it changes");
  app->add_option("--tls-key", flags->tls.key, "PEM file: its key");
  app->add_option("--tls-server-name", flags->tls_server_name,
                  "The name that the peers' certificates carry, where it is not the host of their address");
  app->add_option("--allow", flags->allowed_callers,
                  "SPIFFE id or DNS name, with * and ?, of who may call over TLS; repeatable. Without it: "
                  "whoever --tls-ca signed");
  app->add_flag("--insecure", flags->insecure,
                "Plaintext, without any check of who calls, also beyond this machine");
  app->add_option(
      "--metrics", flags->metrics,
      "Where to serve /metrics, /healthz and /readyz by plain HTTP: IP:PORT or :PORT; else nowhere");
  app->add_option(
         "--metrics-rows", flags->metrics_rows,
         "Metrics of namespaces and listeners: on or off. Off, peers are asked every few seconds who "
         "answers and what that costs, and for no rows: for an aggregator whose peers have metrics")
      ->check(CLI::IsMember({"on", "off"}))
      ->capture_default_str();
  app->add_option("--log-level", flags->log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
}

absl::StatusOr<std::vector<base::Address>> ReadListen(const std::vector<std::string>& texts,
                                                      base::OffMachine off_machine) {
  std::vector<base::Address> addresses;
  for (const std::string& text : texts) {
    ASSIGN_OR_RETURN(const base::Address address, base::ParseListenAddress(text, off_machine));
    addresses.push_back(address);
  }
  return addresses;
}

// Plain HTTP whatever the address.
absl::StatusOr<std::optional<base::Address>> ReadMetrics(const std::string& text) {
  if (text.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(const base::Address address, base::ParseListenAddress(text, base::OffMachine::kPlaintext));
  if (!address.is_unix() && !address.tls) return address;
  return absl::InvalidArgumentError(absl::StrCat("--metrics ", text, ": not IP:PORT or :PORT"));
}

absl::Status CheckTls(const ServerOptions& server) {
  if (!server.tls.empty()) RETURN_IF_ERROR(base::CheckAllGiven(server.tls));
  RETURN_IF_ERROR(base::CheckListen(server.listen, !server.tls.empty()));
  const bool listens_by_tls = std::any_of(server.listen.begin(), server.listen.end(),
                                          [](const auto& address) { return address.tls; });
  if (server.allowed_callers.empty() || listens_by_tls) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "--allow ", server.allowed_callers.front(),
      ": no --listen speaks TLS, and callers by plaintext have no name: listen on tls://IP:PORT"));
}

absl::StatusOr<Config> Check(const Flags& flags) {
  Config config = {.log_level = flags.log_level};
  ServerOptions& server = config.server;
  server.off_machine = flags.insecure ? base::OffMachine::kPlaintext : base::OffMachine::kTls;
  ASSIGN_OR_RETURN(server.listen, ReadListen(flags.listen, server.off_machine));
  server.peers = flags.peers;
  server.tls = flags.tls;
  server.peer_server_name = flags.tls_server_name;
  server.allowed_callers = flags.allowed_callers;
  RETURN_IF_ERROR(CheckTls(server));
  ASSIGN_OR_RETURN(server.metrics, ReadMetrics(flags.metrics));
  server.metrics_rows = flags.metrics_rows == "on";
  RETURN_IF_ERROR(base::ReadDuration("--peer-timeout", flags.peer_timeout, absl::Milliseconds(100),
                                     &server.peer_timeout));
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
