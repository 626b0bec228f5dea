#ifndef LISTENQ_AGENT_ANALYZE_RULES_SOMAXCONN_CLAMP_H_
#define LISTENQ_AGENT_ANALYZE_RULES_SOMAXCONN_CLAMP_H_

#include "agent/analyze/rules/rule.h"

namespace listenq::analyze {

// limit == somaxconn, and the queue was seen near it (kNearPercent), or it lost attempts.
extern const Rule kSomaxconnClamp;

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_SOMAXCONN_CLAMP_H_
