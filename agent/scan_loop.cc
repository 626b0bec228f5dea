#include "agent/scan_loop.h"

#include <chrono>
#include <utility>

namespace listenq::agent {

ScanLoop::ScanLoop(absl::Duration interval, std::function<void()> beat, std::function<void()> late)
    : interval_(absl::ToChronoNanoseconds(interval)),
      beat_(std::move(beat)),
      late_(std::move(late)),
      thread_([this] { Run(); }) {}

ScanLoop::~ScanLoop() {
  {
    const sys::MutexLock lock(mutex_);
    stop_ = true;
    stopping_.notify_all();
  }
  thread_.join();
}

void ScanLoop::Run() {
  auto next = std::chrono::steady_clock::now();
  do {
    beat_();
    next += interval_;
    for (const auto now = std::chrono::steady_clock::now(); next + interval_ <= now; next += interval_)
      late_();
  } while (SleepUntil(next));
}

bool ScanLoop::SleepUntil(std::chrono::steady_clock::time_point when) {
  sys::MutexLock lock(mutex_);
  for (;;) {
    if (stop_) return false;
    const auto now = std::chrono::steady_clock::now();
    if (now >= when) return true;
    lock.WaitFor(stopping_, when - now);
  }
}

}  // namespace listenq::agent
