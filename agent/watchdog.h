// Notices that the agent is stuck.
#ifndef LISTENQ_AGENT_WATCHDOG_H_
#define LISTENQ_AGENT_WATCHDOG_H_

#include <atomic>
#include <functional>

#include "absl/time/time.h"
#include "agent/scan_loop.h"

namespace listenq::agent {

// Contract: calls `stuck` once no beat was reported for `limit`, and again at each look for as long as that
//   lasts. The time is counted in the watchdog's own looks: a process that was stopped, or a machine that
//   slept, is not stuck.
// Threading: BeatFinished from any thread; `stuck` is called on the watchdog's own.
class Watchdog {
 public:
  Watchdog(absl::Duration limit, std::function<void()> stuck);

  void BeatFinished() { looks_without_beat_.store(0); }

 private:
  static constexpr int kLooks = 20;

  const std::function<void()> stuck_;
  std::atomic<int> looks_without_beat_ = 0;
  // The last member: it looks at the others.
  ScanLoop loop_;
};

}  // namespace listenq::agent

#endif  // LISTENQ_AGENT_WATCHDOG_H_
