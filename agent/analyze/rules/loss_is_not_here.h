#ifndef LISTENQ_AGENT_ANALYZE_RULES_LOSS_IS_NOT_HERE_H_
#define LISTENQ_AGENT_ANALYZE_RULES_LOSS_IS_NOT_HERE_H_

#include "agent/analyze/rules/rule.h"

namespace listenq::analyze {

// SYN or SYN-ACK are repeated, and no listener lost an attempt.
extern const Rule kLossIsNotHere;

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_LOSS_IS_NOT_HERE_H_
