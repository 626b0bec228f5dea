// Time as the agent sees it, so that tests can hold it still or let a day pass in a second.
#ifndef LISTENQ_AGENT_SYS_CLOCK_H_
#define LISTENQ_AGENT_SYS_CLOCK_H_

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace listenq::sys {

// Safe to call from every thread.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall-clock time.
  virtual absl::Time Now() const = 0;
};

class SystemClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

}  // namespace listenq::sys

#endif  // LISTENQ_AGENT_SYS_CLOCK_H_
