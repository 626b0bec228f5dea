#ifndef LISTENQ_AGENT_ANALYZE_RULES_LIMIT_LATCHED_H_
#define LISTENQ_AGENT_ANALYZE_RULES_LIMIT_LATCHED_H_

#include "agent/analyze/rules/rule.h"

namespace listenq::analyze {

// The limit is not what listen(2) would give now: somaxconn was changed since.
extern const Rule kLimitLatched;

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_LIMIT_LATCHED_H_
