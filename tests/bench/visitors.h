// The three ways to look at a fleet that are compared, each over all of its namespaces in one pass.
#ifndef LISTENQ_TESTS_BENCH_VISITORS_H_
#define LISTENQ_TESTS_BENCH_VISITORS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/collect/collector.h"
#include "agent/collect/refresh_plan.h"
#include "agent/model/reading.h"
#include "agent/sys/clock.h"
#include "agent/sys/unique_fd.h"
#include "tests/bench/fleet.h"
#include "tests/bench/floor.h"

namespace listenq::bench {

// The collector, asked as the scanner asks it, of namespaces in which nothing happens.
//
// Threading: one thread. Failure: a reading that fails or lacks a listener dies.
class Ours {
 public:
  // Reads everything once. The fleet stays as it is for as long as this lives.
  explicit Ours(const Fleet& fleet);

  // Listeners, netstat and sockstat: what a beat does where something moved. Keeps what it read until
  // Remember().
  void Sample();
  // What every beat does.
  void Light();
  // What every fifth beat does: listeners, netstat, snmp, sockstat, sockstat6, two sysctls. Keeps what it
  // read until Remember().
  void Full();
  // Takes over what Full() read, as the scanner does; not part of what is measured.
  void Remember();

  // The listeners of each namespace, in the fleet's order.
  [[nodiscard]] std::vector<std::vector<model::ListenerReading>> Known() const;

 private:
  struct State {
    std::vector<std::string> paths;
    std::vector<uint32_t> pids;
    sys::FileId id;
    collect::RefreshPlan plan;
    collect::VerdictFiles verdict_files;
    std::vector<model::ListenerReading> known;
    std::optional<uint64_t> listen_drops;
    model::SocketCounts sockets;
    std::shared_ptr<const model::Sysctls> sysctls;
  };
  [[nodiscard]] std::vector<collect::Target> Targets(bool must_dump, collect::Scope scope);

  const size_t listeners_each_;
  const sys::SystemClock clock_;
  collect::Collector collector_;
  std::vector<std::unique_ptr<State>> states_;
  std::vector<absl::StatusOr<model::NamespaceReading>> readings_;
};

// The C program. Failure: dies.
class Floor {
 public:
  // `known` as Ours::Known(). Chooses between exact requests and dumps: what takes less here.
  Floor(const Fleet& fleet, const std::vector<std::vector<model::ListenerReading>>& known);
  // One pass; `files` are FLOOR_NETSTAT and so on.
  void Visit(unsigned files);
  [[nodiscard]] bool dumps() const { return dumps_; }

 private:
  [[nodiscard]] double Measure(bool dumps);

  std::vector<sys::UniqueFd> netns_;
  std::vector<std::string> exact_;
  const unsigned listeners_each_;
  const std::string dump_;
  bool dumps_ = false;
};

// Files below /proc/PID/net of at most `most` of the namespaces, other ones in each pass. Failure: dies.
class ProcNet {
 public:
  ProcNet(const Fleet& fleet, size_t most);
  void Visit();
  [[nodiscard]] size_t count() const { return count_; }

 private:
  std::vector<pid_t> pids_;
  size_t count_;
  size_t next_ = 0;
};

}  // namespace listenq::bench

#endif  // LISTENQ_TESTS_BENCH_VISITORS_H_
