// What bounds a listener's accept queue.
#ifndef LISTENQ_AGENT_ANALYZE_LIMIT_STATE_H_
#define LISTENQ_AGENT_ANALYZE_LIMIT_STATE_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "agent/model/listener.h"

namespace listenq::analyze {

// net.core.somaxconn of a namespace was seen to be another one than before.
struct SomaxconnChange {
  absl::Time time;  // when it was seen
  uint32_t old_value = 0;
};

// The kernel fixes a limit at listen(2) as min(backlog, somaxconn): __sys_listen in net/socket.c.
//   kUnknown      the limit or somaxconn could not be read
//   kLatched      it comes from an earlier somaxconn: it is above today's, or it differs from today's and is
//                 one that `changes` saw replaced after `listening_since`
//   kSomaxconn    it equals today's: capped by it, or asked for exactly that; the two can't be told apart
//   kApplication  it is below
// `listening_since`: since when the socket is known to have this limit. `changes`: in any order.
model::LimitState ClassifyLimit(const model::ListenerReading& listener, std::optional<uint32_t> somaxconn,
                                absl::Span<const SomaxconnChange> changes, absl::Time listening_since);

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_LIMIT_STATE_H_
