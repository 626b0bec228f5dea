// Whose a listener is, out of the owners of its namespace.
#ifndef LISTENQ_AGENT_SERVE_OWNERSHIP_H_
#define LISTENQ_AGENT_SERVE_OWNERSHIP_H_

#include <vector>

#include "absl/container/inlined_vector.h"
#include "agent/model/listener.h"
#include "agent/model/owner.h"

namespace listenq::serve {

using OwnerRefs = absl::InlinedVector<const model::Owner*, 4>;

// The owners whose container runs a process that holds the socket (an owner without a container, as the host
// is, holds those of processes outside containers); all owners when that singles out none. Pointers into
// `owners`; both may be null.
OwnerRefs OwnersOf(const model::SocketProcesses* processes, const std::vector<model::Owner>* owners);

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_OWNERSHIP_H_
