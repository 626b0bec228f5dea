// The walls of processes and their cgroups, for memory-walls.
#ifndef LISTENQ_AGENT_ANALYZE_RULES_PROCESS_WALLS_H_
#define LISTENQ_AGENT_ANALYZE_RULES_PROCESS_WALLS_H_

#include <vector>

#include "agent/analyze/rules/rule.h"
#include "agent/model/finding.h"

namespace listenq::analyze {

// A cgroup's memory or tasks, an acceptor's descriptors, an OpenVZ bean counter: where one was hit. Memory
// that is at its limit by page cache alone is none: that is how a cgroup uses what it has.
void CheckProcessWalls(const Case& the_case, std::vector<model::Finding>* findings);

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_PROCESS_WALLS_H_
