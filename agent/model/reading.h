// What one visit to a namespace brought back: from collect to analyze.
#ifndef LISTENQ_AGENT_MODEL_READING_H_
#define LISTENQ_AGENT_MODEL_READING_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "agent/model/counters.h"
#include "agent/model/listener.h"
#include "agent/model/snapshot.h"
#include "agent/model/sysctl.h"

namespace listenq::model {

// A full visit: a complete list of listeners between two looks at the counters.
struct NamespaceReading {
  // When the list of listeners was read.
  absl::Time time;
  // SO_NETNS_COOKIE, where the kernel has it.
  std::optional<uint64_t> cookie;
  // Complete; absent when it could not be read (see errors).
  std::optional<std::vector<ListenerReading>> listeners;
  bool listeners_truncated = false;
  // Which fields this way of reading lacks; "" is none.
  std::string degraded_reason;
  // netstat right before and right after the list was read. `after` is the same as `before` when no sk_drops
  // moved: then nothing was dropped between.
  Counters netstat_before;
  Counters netstat_after;
  Counters snmp;
  SocketCounts sockets;
  // Null when this visit did not read them. Most visits read only the few that verdicts hang on again, into
  // the values known before; then `sysctls_in_full` is false.
  std::shared_ptr<const Sysctls> sysctls;
  bool sysctls_in_full = false;
  std::vector<PartError> errors;
};

// A light visit: the known listeners again, by exact requests.
struct RefreshReading {
  absl::Time time;
  // Those that answered, in any order.
  std::vector<ListenerReading> listeners;
  // Known ones that did not: they may be gone or unreachable, only a full visit tells.
  size_t missing = 0;
};

}  // namespace listenq::model

#endif  // LISTENQ_AGENT_MODEL_READING_H_
