// Connections to one destination have taken most of the ephemeral ports.
#ifndef LISTENQ_AGENT_ANALYZE_RULES_PORT_RANGE_PRESSURE_H_
#define LISTENQ_AGENT_ANALYZE_RULES_PORT_RANGE_PRESSURE_H_

#include "agent/analyze/rules/rule.h"

namespace listenq::analyze {

extern const Rule kPortRangePressure;

// So many TCP sockets that one destination may have enough of the ports for a verdict: only then it is worth
// to count them one by one.
bool MayLackPorts(const model::Namespace& ns);

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_PORT_RANGE_PRESSURE_H_
