// A machine of the benchmark's own: processes, bind mounts and files below /run of others are not seen in it.
#ifndef LISTENQ_TESTS_BENCH_OWN_MACHINE_H_
#define LISTENQ_TESTS_BENCH_OWN_MACHINE_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"

namespace listenq::bench {

// Forks; runs `function` in new PID and mount namespaces, in which /run is empty and tracefs is mounted if
// there is one. Returns what it wrote to its `output` descriptor. The network namespace stays the caller's.
//
// Failure: an error when the function ended otherwise than by returning 0. However it or the caller ends, the
// kernel ends all processes started in there, and removes all mounts made.
absl::StatusOr<std::string> RunOnOwnMachine(const std::function<int(int output)>& function);

}  // namespace listenq::bench

#endif  // LISTENQ_TESTS_BENCH_OWN_MACHINE_H_
