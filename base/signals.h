// SIGTERM and SIGINT as something to wait for.
#ifndef LISTENQ_BASE_SIGNALS_H_
#define LISTENQ_BASE_SIGNALS_H_

#include <csignal>
#include <optional>

#include "absl/time/time.h"

namespace listenq::base {

// Blocks SIGTERM and SIGINT for the constructing thread and all that it starts from then on.
// Threading: construct it first in main, before any thread starts; wait in one thread at a time.
class StopSignals {
 public:
  StopSignals();
  // Until one of them arrives: its number.
  int Wait();
  // Absent when none arrived within `timeout`.
  std::optional<int> WaitFor(absl::Duration timeout);

 private:
  sigset_t signals_{};
};

}  // namespace listenq::base

#endif  // LISTENQ_BASE_SIGNALS_H_
