#include "agent/app.h"

#include <cstdlib>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/discover/cri_client.h"
#include "agent/discover/name_poller.h"
#include "agent/port_watch.h"
#include "agent/scan_loop.h"
#include "agent/scanner.h"
#include "agent/serve/server.h"
#include "agent/sys/clock.h"
#include "agent/sys/status.h"
#include "agent/walk_thread.h"
#include "agent/watchdog.h"
#include "base/logging.h"
#include "base/version.h"

namespace listenq::agent {
namespace {

constexpr absl::Duration kGrace = absl::Seconds(4);
// How long the first reading waits for names: those that come later are taken over by the next.
constexpr absl::Duration kFirstNames = absl::Seconds(1);

void LogErrors(const model::Snapshot& snapshot) {
  for (const model::PartError& error : snapshot.node.errors) {
    base::LogLimited(spdlog::level::warn, error.part, absl::StrCat(error.part, ": ", error.reason));
  }
}

[[noreturn]] void EndStuck(absl::Duration limit) {
  spdlog::critical("stuck: no reading finished for {}; ending, to be started anew",
                   absl::FormatDuration(limit));
  std::abort();
}

// The socket is looked for anew at each connect: the runtime may start after the agent.
discover::ConnectRuntime ConnectTo(const std::string& endpoint) {
  if (endpoint == "off") return nullptr;
  return [endpoint]() -> absl::StatusOr<discover::RuntimeConnection> {
    std::string address = endpoint;
    if (endpoint == "auto") {
      ASSIGN_OR_RETURN(const std::string socket, discover::FindCriSocket(""));
      address = absl::StrCat("unix://", socket);
    }
    ASSIGN_OR_RETURN(std::unique_ptr<discover::CriClient> client, discover::CriClient::Make(address));
    return discover::RuntimeConnection{.name = absl::StrCat("cri ", address), .runtime = std::move(client)};
  };
}

}  // namespace

absl::Status RunAgent(Config config, base::StopSignals* signals) {
  const sys::SystemClock clock;
  const absl::Duration interval = config.scanner.beat;
  discover::NamePoller names(std::move(config.names), ConnectTo(config.cri_endpoint), &clock);
  Scanner scanner(std::move(config.scanner), &clock, &names);
  WalkThread walks([&](model::NetnsSerial serial) { return scanner.FindWayIn(serial); });
  PortWatch ports(&walks, &clock, [&](model::NetnsSerial serial, std::shared_ptr<const model::PortUse> use) {
    scanner.SetPortUse(serial, std::move(use));
  });
  // The socket is bound before any thread of ours starts: the umask that keeps it private is the whole
  // process'.
  ASSIGN_OR_RETURN(const std::unique_ptr<serve::ObserverServer> server,
                   serve::ObserverServer::Start(base::ToString(config.listen), scanner, clock, &walks));
  names.Start();
  names.AwaitComplete(kFirstNames);
  {
    Watchdog watchdog(config.watchdog, [&] { EndStuck(config.watchdog); });
    const ScanLoop loop(
        interval,
        [&] {
          scanner.Beat();
          const std::shared_ptr<const model::Snapshot> snapshot = scanner.Latest();
          ports.Look(*snapshot);
          LogErrors(*snapshot);
          watchdog.BeatFinished();
        },
        [&] { scanner.CountLateBeat(); });
    spdlog::info("listenq-agent {} serves on {}", std::string(base::Version()), server->address());
    signals->Wait();
    spdlog::info("stopping");
  }
  server->Stop(kGrace);
  return absl::OkStatus();
}

}  // namespace listenq::agent
