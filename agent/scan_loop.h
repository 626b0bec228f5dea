// The thread that keeps the scanner beating.
#ifndef LISTENQ_AGENT_SCAN_LOOP_H_
#define LISTENQ_AGENT_SCAN_LOOP_H_

#include <condition_variable>
#include <functional>
#include <thread>

#include "absl/time/time.h"
#include "agent/sys/mutex.h"

namespace listenq::agent {

// Contract: calls `beat` every `interval`, from construction to destruction. A beat that takes longer than
// the
//   interval makes the next one start at once; `late` is called for each that was skipped over.
// Threading: both functions are called on the loop's own thread.
class ScanLoop {
 public:
  ScanLoop(absl::Duration interval, std::function<void()> beat, std::function<void()> late);
  ~ScanLoop();
  ScanLoop(const ScanLoop&) = delete;
  ScanLoop& operator=(const ScanLoop&) = delete;

 private:
  void Run();
  // False when it is time to stop.
  bool SleepUntil(std::chrono::steady_clock::time_point when);

  const std::chrono::nanoseconds interval_;
  const std::function<void()> beat_;
  const std::function<void()> late_;
  sys::Mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace listenq::agent

#endif  // LISTENQ_AGENT_SCAN_LOOP_H_
