// Puts the agent together.
#ifndef LISTENQ_AGENT_APP_H_
#define LISTENQ_AGENT_APP_H_

#include "absl/status/status.h"
#include "agent/config.h"
#include "base/signals.h"

namespace listenq::agent {

// Builds everything in order, runs until a stop signal, tears down in reverse. Answers in flight get 4
// seconds. FailedPrecondition: another agent has the socket.
absl::Status RunAgent(Config config, base::StopSignals* signals);

}  // namespace listenq::agent

#endif  // LISTENQ_AGENT_APP_H_
