// Serves simulated nodes until it is told to stop; prints their peers' file once they are there.
#include <cstdio>
#include <string>

#include "absl/strings/numbers.h"
#include "base/signals.h"
#include "tests/bench/simulated_fleet.h"

namespace listenq::bench {
namespace {

constexpr char kUsage[] = "usage: lqt-simulated-fleet FIRST COUNT PODS LISTENERS CA CERT KEY\n";

int Main(int argc, char** argv) {
  SimulatedFleet::Options options;
  if (argc != 8 || !absl::SimpleAtoi(argv[1], &options.first) || !absl::SimpleAtoi(argv[2], &options.count) ||
      !absl::SimpleAtoi(argv[3], &options.node.pods) || !absl::SimpleAtoi(argv[4], &options.node.listeners)) {
    fputs(kUsage, stderr);
    return 2;
  }
  options.tls = {.ca = argv[5], .cert = argv[6], .key = argv[7]};
  base::StopSignals signals;
  const auto fleet = SimulatedFleet::Start(options);
  if (!fleet.ok()) {
    fprintf(stderr, "lqt-simulated-fleet: %s\n", std::string(fleet.status().message()).c_str());
    return 1;
  }
  fputs((*fleet)->PeerLines().c_str(), stdout);
  fputs("serving\n", stderr);
  fflush(stdout);
  signals.Wait();
  return 0;
}

}  // namespace
}  // namespace listenq::bench

int main(int argc, char** argv) { return listenq::bench::Main(argc, argv); }
