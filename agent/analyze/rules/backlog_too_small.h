#ifndef LISTENQ_AGENT_ANALYZE_RULES_BACKLOG_TOO_SMALL_H_
#define LISTENQ_AGENT_ANALYZE_RULES_BACKLOG_TOO_SMALL_H_

#include "agent/analyze/rules/rule.h"

namespace listenq::analyze {

// A listener loses attempts to a full accept queue whose limit the application chose: limit < somaxconn.
extern const Rule kBacklogTooSmall;

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_BACKLOG_TOO_SMALL_H_
