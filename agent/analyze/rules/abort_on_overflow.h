#ifndef LISTENQ_AGENT_ANALYZE_RULES_ABORT_ON_OVERFLOW_H_
#define LISTENQ_AGENT_ANALYZE_RULES_ABORT_ON_OVERFLOW_H_

#include "agent/analyze/rules/rule.h"

namespace listenq::analyze {

// The accept queue overflows, and tcp_abort_on_overflow makes resets of what would else be tried again.
extern const Rule kAbortOnOverflow;

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_ABORT_ON_OVERFLOW_H_
