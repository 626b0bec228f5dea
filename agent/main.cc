#include <malloc.h>

#include <cstdio>
#include <utility>
#include <variant>

#include "agent/app.h"
#include "agent/config.h"
#include "agent/self_cost.h"
#include "base/flags.h"
#include "base/logging.h"
#include "base/signals.h"

// NOLINTNEXTLINE(bugprone-exception-escape): what nobody catches ends the program, as it should.
int main(int argc, char** argv) {
  // One heap for all threads: gRPC's own would each keep what they once needed.
  mallopt(M_ARENA_MAX, 1);
  auto parsed = listenq::agent::ParseFlags(argc, argv);
  if (const auto* exit = std::get_if<listenq::base::EarlyExit>(&parsed)) {
    std::fputs(exit->text.c_str(), exit->code == 0 ? stdout : stderr);
    return exit->code;
  }
  auto& config = std::get<listenq::agent::Config>(parsed);
  listenq::base::StopSignals signals;
  if (const absl::Status status = listenq::base::SetUpLogging(config.log_level); !status.ok()) {
    std::fprintf(stderr, "listenq-agent: %s\n", std::string(status.message()).c_str());
    return 2;
  }
  listenq::agent::RaiseDescriptorLimit();
  const absl::Status status = listenq::agent::RunAgent(std::move(config), &signals);
  if (!status.ok()) {
    std::fprintf(stderr, "listenq-agent: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  return 0;
}
