#ifndef LISTENQ_AGENT_ANALYZE_RULES_SYSCTL_NOT_IN_FORCE_H_
#define LISTENQ_AGENT_ANALYZE_RULES_SYSCTL_NOT_IN_FORCE_H_

#include "agent/analyze/rules/rule.h"

namespace listenq::analyze {

// A sysctl that was declared has another value; or the node was tuned, and the namespace has none of it.
extern const Rule kSysctlNotInForce;

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_SYSCTL_NOT_IN_FORCE_H_
