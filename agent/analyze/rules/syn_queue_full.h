#ifndef LISTENQ_AGENT_ANALYZE_RULES_SYN_QUEUE_FULL_H_
#define LISTENQ_AGENT_ANALYZE_RULES_SYN_QUEUE_FULL_H_

#include "agent/analyze/rules/rule.h"

namespace listenq::analyze {

// Attempts are lost to a full SYN queue while cookies are off, or answered by cookies because it is full.
extern const Rule kSynQueueFull;

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_SYN_QUEUE_FULL_H_
