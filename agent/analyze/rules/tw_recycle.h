#ifndef LISTENQ_AGENT_ANALYZE_RULES_TW_RECYCLE_H_
#define LISTENQ_AGENT_ANALYZE_RULES_TW_RECYCLE_H_

#include "agent/analyze/rules/rule.h"

namespace listenq::analyze {

// tcp_tw_recycle is on: before Linux 4.12, which removed it.
extern const Rule kTwRecycle;

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_TW_RECYCLE_H_
