#ifndef LISTENQ_AGENT_ANALYZE_RULES_TIME_WAIT_PRESSURE_H_
#define LISTENQ_AGENT_ANALYZE_RULES_TIME_WAIT_PRESSURE_H_

#include "agent/analyze/rules/rule.h"

namespace listenq::analyze {

// TIME_WAIT sockets near tcp_max_tw_buckets (kNearPercent), or more than that.
extern const Rule kTimeWaitPressure;

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_TIME_WAIT_PRESSURE_H_
