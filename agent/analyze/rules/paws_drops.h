#ifndef LISTENQ_AGENT_ANALYZE_RULES_PAWS_DROPS_H_
#define LISTENQ_AGENT_ANALYZE_RULES_PAWS_DROPS_H_

#include "agent/analyze/rules/rule.h"

namespace listenq::analyze {

// Segments are rejected for their timestamps (RFC 7323, PAWS).
extern const Rule kPawsDrops;

}  // namespace listenq::analyze

#endif  // LISTENQ_AGENT_ANALYZE_RULES_PAWS_DROPS_H_
