// Many agents in one process.
#ifndef LISTENQ_TESTS_BENCH_SIMULATED_FLEET_H_
#define LISTENQ_TESTS_BENCH_SIMULATED_FLEET_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/tls.h"
#include "tests/bench/simulated_node.h"

namespace listenq::bench {

// Contract: a loopback port for each node, on which ListListeners and ListNodes are answered by mutual TLS.
//   What is answered is made by the agent's own code, message by message, once for each request, and kept as
//   bytes: what a fleet costs is the transport. All ports are one gRPC server's; the caller's ":authority"
//   says which node is meant.
// Threading: gRPC's threads.
class SimulatedFleet {
 public:
  struct Options {
    // The number of the first node, and how many follow.
    size_t first = 0;
    size_t count = 1;
    SimulatedSize node;
    base::TlsFiles tls;
  };

  // TopRequest's answers are made already.
  static absl::StatusOr<std::unique_ptr<SimulatedFleet>> Start(const Options& options);
  ~SimulatedFleet();
  SimulatedFleet(const SimulatedFleet&) = delete;
  SimulatedFleet& operator=(const SimulatedFleet&) = delete;

  // "ADDRESS NODE" lines, as --peers file:PATH takes them.
  [[nodiscard]] std::string PeerLines() const;

 private:
  struct Parts;  // keeps gRPC out of this header
  explicit SimulatedFleet(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace listenq::bench

#endif  // LISTENQ_TESTS_BENCH_SIMULATED_FLEET_H_
