#ifndef LISTENQ_AGENT_ANALYZE_RULES_ACCEPT_STOPPED_H_
#define LISTENQ_AGENT_ANALYZE_RULES_ACCEPT_STOPPED_H_

#include "agent/analyze/rules/rule.h"

namespace listenq::analyze {

// Connections wait, and nobody accepts any: FindStop says how that is known. Names the process and its state.
extern const Rule kAcceptStopped;

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_ACCEPT_STOPPED_H_
