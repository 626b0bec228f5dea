#include "agent/watchdog.h"

#include <utility>

namespace listenq::agent {

Watchdog::Watchdog(absl::Duration limit, std::function<void()> stuck)
    : stuck_(std::move(stuck)),
      loop_(
          limit / kLooks,
          // The first look is at once.
          [this] {
            if (++looks_without_beat_ > kLooks + 1) stuck_();
          },
          [] {}) {}

}  // namespace listenq::agent
