#include "agent/config.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <climits>
#include <cstdlib>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "agent/sys/status.h"
#include "base/version.h"

namespace listenq::agent {
namespace {

// As given on the command line.
struct Flags {
  std::string listen = base::kDefaultAgentAddress;
  std::string node_name;
  std::string log_level = "info";
  std::string proc = "/proc";
  std::vector<std::string> pin_folders = discover::Discovery::Options().pin_folders;
  std::string cgroup_root = discover::Discovery::Options().cgroup_root;
  std::string cri_endpoint = "auto";
  std::string docker_root = discover::PlainRuntimes::Options().docker_root;
  std::string podman_root = discover::PlainRuntimes::Options().podman_root;
  std::string processes = "on";
  std::string interval = "1s";
  std::string full_interval = "5s";
  std::string slow_interval = "1m";
  std::string hot_time = "30s";
  std::string watchdog = "1m";
  std::string history_time = "15m";
  std::string drops_time = "24h";
  size_t history_memory_mib = 8;
  size_t max_drops = 10000;
  size_t max_listeners = 4096;
};

void Declare(CLI::App* app, Flags* flags) {
  app->set_version_flag("--version", std::string(base::Version()), "Print the version");
  app->add_option("--listen", flags->listen, "Unix socket or loopback port to serve on")
      ->capture_default_str();
  app->add_option("--node-name", flags->node_name, "Name of this node in answers (default: the host name)")
      ->envname("NODE_NAME");
  app->add_option("--log-level", flags->log_level, "Least level that is logged")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  app->add_option("--proc", flags->proc, "Where the node's /proc is mounted")->capture_default_str();
  app->add_option("--pin-folder", flags->pin_folders,
                  "Folder of bind mounts of network namespaces (repeatable)")
      ->capture_default_str();
  app->add_option("--cgroup-root", flags->cgroup_root, "Where the node's cgroup v2 hierarchy is mounted")
      ->capture_default_str();
  app->add_option("--cri-endpoint", flags->cri_endpoint,
                  "Socket of the container runtime (unix:///path): names of pods. auto looks where runtimes "
                  "have it, off asks nobody")
      ->envname("CONTAINER_RUNTIME_ENDPOINT")
      ->capture_default_str();
  app->add_option("--docker-root", flags->docker_root, "Docker's folder: names of its containers")
      ->capture_default_str();
  app->add_option("--podman-root", flags->podman_root, "Podman's storage folder: names of its containers")
      ->capture_default_str();
  app->add_option("--processes", flags->processes, "Name the processes of listeners: on or off")
      ->check(CLI::IsMember({"on", "off"}))
      ->capture_default_str();
  app->add_option("--interval", flags->interval, "Between two readings of known listeners")
      ->capture_default_str();
  app->add_option("--full-interval", flags->full_interval,
                  "Between two readings of counters and new listeners")
      ->capture_default_str();
  app->add_option("--slow-interval", flags->slow_interval,
                  "Between two readings of all sysctls and processes")
      ->capture_default_str();
  app->add_option("--watchdog", flags->watchdog,
                  "End with SIGABRT when no reading finished for this long, to be started anew")
      ->capture_default_str();
  app->add_option("--hot-time", flags->hot_time, "How long a namespace that a request named is read in full")
      ->capture_default_str();
  app->add_option("--history", flags->history_time, "How long samples are kept")->capture_default_str();
  app->add_option("--history-memory", flags->history_memory_mib, "Bound of the flight recorder, MiB")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  app->add_option("--drops", flags->drops_time, "How long drop episodes are kept")->capture_default_str();
  app->add_option("--max-drops", flags->max_drops, "Drop episodes kept at most")
      ->check(CLI::Range(1, 10000000))
      ->capture_default_str();
  app->add_option("--max-listeners", flags->max_listeners, "Listeners kept for one namespace at most")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
}

std::string HostName() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

absl::Status CheckCriEndpoint(const std::string& endpoint) {
  if (endpoint == "auto" || endpoint == "off") return absl::OkStatus();
  const absl::StatusOr<base::Address> address =
      base::ParseServerAddress(endpoint, base::OffMachine::kRefused);
  if (address.ok() && address->is_unix()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--cri-endpoint ", endpoint,
                                                 ": not auto, off or a unix socket, like ",
                                                 "unix:///run/containerd/containerd.sock"));
}

absl::StatusOr<Config> Check(const Flags& flags) {
  Config config;
  ScannerOptions& scanner = config.scanner;
  ASSIGN_OR_RETURN(config.listen, base::ParseListenAddress(flags.listen));
  config.log_level = flags.log_level;
  scanner.node_name = flags.node_name.empty() ? HostName() : flags.node_name;
  scanner.discovery.proc = flags.proc;
  scanner.discovery.pin_folders = flags.pin_folders;
  scanner.discovery.cgroup_root = flags.cgroup_root;
  scanner.collector.proc = flags.proc;
  scanner.collector.max_listeners = flags.max_listeners;
  scanner.name_processes = flags.processes == "on";
  config.names.plain = {.docker_root = flags.docker_root, .podman_root = flags.podman_root};
  config.cri_endpoint = flags.cri_endpoint;
  RETURN_IF_ERROR(CheckCriEndpoint(flags.cri_endpoint));
  scanner.recorder.memory_limit_bytes = flags.history_memory_mib << 20;
  scanner.recorder.max_episodes = flags.max_drops;
  constexpr absl::Duration kLeast = absl::Milliseconds(100);
  RETURN_IF_ERROR(base::ReadDuration("--interval", flags.interval, kLeast, &scanner.beat));
  RETURN_IF_ERROR(
      base::ReadDuration("--full-interval", flags.full_interval, scanner.beat, &scanner.full_interval));
  RETURN_IF_ERROR(base::ReadDuration("--slow-interval", flags.slow_interval, scanner.full_interval,
                                     &scanner.slow_interval));
  RETURN_IF_ERROR(base::ReadDuration("--watchdog", flags.watchdog, 2 * scanner.beat, &config.watchdog));
  RETURN_IF_ERROR(base::ReadDuration("--hot-time", flags.hot_time, absl::ZeroDuration(), &scanner.hot_time));
  RETURN_IF_ERROR(
      base::ReadDuration("--history", flags.history_time, scanner.beat, &scanner.recorder.samples_for));
  RETURN_IF_ERROR(
      base::ReadDuration("--drops", flags.drops_time, scanner.beat, &scanner.recorder.episodes_for));
  config.names.interval = scanner.beat;
  return config;
}

}  // namespace

std::variant<Config, base::EarlyExit> ParseFlags(int argc, const char* const* argv) {
  Flags flags;
  CLI::App app(
      "Reads the listen queues, counters and net sysctls of every network namespace of this node,\n"
      "and serves them by gRPC to `listenq`.",
      "listenq-agent");
  Declare(&app, &flags);
  if (std::optional<base::EarlyExit> exit = base::ParseCommandLine(app, argc, argv)) return *exit;
  absl::StatusOr<Config> config = Check(flags);
  if (!config.ok()) return base::WrongFlag("listenq-agent", config.status());
  return *std::move(config);
}

}  // namespace listenq::agent
