// Waiting for a condition, bounded.
#ifndef LISTENQ_TESTS_SUPPORT_WAIT_H_
#define LISTENQ_TESTS_SUPPORT_WAIT_H_

#include <functional>

#include "absl/time/time.h"

namespace listenq::test {

// Long enough for a loaded machine; a test that passes never waits that long.
inline constexpr absl::Duration kPatience = absl::Seconds(30);

// True as soon as `condition` is; false when it never was within `patience`. For facts that announce
// themselves by no file descriptor.
[[nodiscard]] bool WaitUntil(const std::function<bool()>& condition, absl::Duration patience = kPatience);

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_SUPPORT_WAIT_H_
