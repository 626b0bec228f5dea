#ifndef LISTENQ_AGENT_ANALYZE_RULES_ACCEPT_TOO_SLOW_H_
#define LISTENQ_AGENT_ANALYZE_RULES_ACCEPT_TOO_SLOW_H_

#include "agent/analyze/rules/rule.h"

namespace listenq::analyze {

// The accept queue stays near its limit and loses attempts: they come faster than they are accepted. Says
// what of the acceptors was measured: CPU throttling, descriptors, or neither.
extern const Rule kAcceptTooSlow;

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_ACCEPT_TOO_SLOW_H_
