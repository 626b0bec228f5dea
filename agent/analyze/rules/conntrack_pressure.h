#ifndef LISTENQ_AGENT_ANALYZE_RULES_CONNTRACK_PRESSURE_H_
#define LISTENQ_AGENT_ANALYZE_RULES_CONNTRACK_PRESSURE_H_

#include "agent/analyze/rules/rule.h"

namespace listenq::analyze {

// Connections that conntrack follows in this namespace, near nf_conntrack_max.
extern const Rule kConntrackPressure;

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_CONNTRACK_PRESSURE_H_
