#include "agent/analyze/limit_state.h"

#include <algorithm>

namespace listenq::analyze {

model::LimitState ClassifyLimit(const model::ListenerReading& listener, std::optional<uint32_t> somaxconn,
                                absl::Span<const SomaxconnChange> changes, absl::Time listening_since) {
  if (!listener.limit.has_value() || !somaxconn.has_value()) return model::LimitState::kUnknown;
  const uint32_t limit = *listener.limit;
  if (limit > *somaxconn) return model::LimitState::kLatched;
  if (limit == *somaxconn) return model::LimitState::kSomaxconn;
  const bool replaced = std::any_of(changes.begin(), changes.end(), [&](const SomaxconnChange& change) {
    return change.time > listening_since && change.old_value == limit;
  });
  return replaced ? model::LimitState::kLatched : model::LimitState::kApplication;
}

}  // namespace listenq::analyze
