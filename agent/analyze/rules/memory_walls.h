#ifndef LISTENQ_AGENT_ANALYZE_RULES_MEMORY_WALLS_H_
#define LISTENQ_AGENT_ANALYZE_RULES_MEMORY_WALLS_H_

#include "agent/analyze/rules/rule.h"

namespace listenq::analyze {

// Bounds that are reached: tcp_mem of the node, receive buffers of UDP sockets, memory and tasks of an
// acceptor's cgroup, its descriptors, bean counters.
extern const Rule kMemoryWalls;

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_MEMORY_WALLS_H_
