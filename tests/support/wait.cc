#include "tests/support/wait.h"

#include "absl/time/clock.h"

namespace listenq::test {

bool WaitUntil(const std::function<bool()>& condition, absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  while (!condition()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(1));
  }
  return true;
}

}  // namespace listenq::test
