// A clock that moves when told to.
#ifndef LISTENQ_TESTS_FAKES_FAKE_CLOCK_H_
#define LISTENQ_TESTS_FAKES_FAKE_CLOCK_H_

#include "absl/time/time.h"
#include "agent/sys/clock.h"

namespace listenq::test {

// Threading: one thread.
class FakeClock final : public sys::Clock {
 public:
  absl::Time Now() const override { return now_; }
  void Advance(absl::Duration duration) { now_ += duration; }

 private:
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
};

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_FAKES_FAKE_CLOCK_H_
