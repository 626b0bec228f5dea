#include <malloc.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <utility>
#include <variant>

#include "absl/synchronization/mutex.h"
#include "aggregator/config.h"
#include "aggregator/server.h"
#include "base/flags.h"
#include "base/logging.h"
#include "base/signals.h"
#include "base/version.h"

namespace listenq::aggregator {
namespace {

constexpr absl::Duration kGrace = absl::Seconds(4);

absl::Status Run(const Config& config, base::StopSignals* signals) {
  auto server = AggregatorServer::Start(config.server);
  if (!server.ok()) return server.status();
  spdlog::info("listenq-aggregator {} serves on {}", std::string(base::Version()), (*server)->address());
  if (const std::string metrics = (*server)->metrics_address(); !metrics.empty()) {
    spdlog::info("metrics on http://{}/metrics", metrics);
  }
  signals->Wait();
  spdlog::info("stopping");
  (*server)->Stop(kGrace);
  return absl::OkStatus();
}

int Fail(const absl::Status& status, int code) {
  std::fprintf(stderr, "listenq-aggregator: %s\n", std::string(status.message()).c_str());
  return code;
}

}  // namespace
}  // namespace listenq::aggregator

// NOLINTNEXTLINE(bugprone-exception-escape): what nobody catches ends the program, as it should.
int main(int argc, char** argv) {
  using listenq::aggregator::Fail;
  // One heap for all threads: gRPC's own would each keep what they once needed.
  mallopt(M_ARENA_MAX, 1);
  // What is large goes back to the system, and its pages that nobody touched are never there: the text of a
  // scrape, the 64 KiB that gRPC reads into for each connection. Left to itself, malloc would keep it.
  mallopt(M_MMAP_THRESHOLD, 64 << 10);
  // Debian's abseil looks for cycles at each of gRPC's locks.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  auto parsed = listenq::aggregator::ParseFlags(argc, argv);
  if (const auto* exit = std::get_if<listenq::base::EarlyExit>(&parsed)) {
    std::fputs(exit->text.c_str(), exit->code == 0 ? stdout : stderr);
    return exit->code;
  }
  const auto& config = std::get<listenq::aggregator::Config>(parsed);
  // OpenSSL writes to sockets that the other side may have closed.
  std::signal(SIGPIPE, SIG_IGN);
  listenq::base::StopSignals signals;
  if (const absl::Status status = listenq::base::SetUpLogging(config.log_level); !status.ok()) {
    return Fail(status, 2);
  }
  const absl::Status status = listenq::aggregator::Run(config, &signals);
  if (status.ok()) return 0;
  // A flag that turned out wrong only when it was used: --peers, the files of --tls-….
  return Fail(status, absl::IsInvalidArgument(status) ? 2 : 1);
}
