// Whose a listener is, out of the owners of its namespace.
#ifndef LISTENQ_AGENT_SERVE_OWNERSHIP_H_
#define LISTENQ_AGENT_SERVE_OWNERSHIP_H_

#include <vector>

#include "absl/container/inlined_vector.h"
#include "agent/model/listener.h"
#include "agent/model/owner.h"

namespace listenq::serve {

using OwnerRefs = absl::InlinedVector<const model::Owner*, 4>;

// Those whose namespace it is. In the node's own only the host: the containers that live there own sockets,
// not the namespace with its counters. Pointers into `owners`, which may be null, as for the others.
OwnerRefs NamespaceOwners(const std::vector<model::Owner>* owners);

// Those that may own a socket there: all of them.
OwnerRefs SocketOwners(const std::vector<model::Owner>* owners);

// The owners of a socket: those among whose containers are the socket's (an owner without a container, as the
// host is, holds those of processes outside containers); those of the namespace when that singles out none.
// `processes` may be null.
OwnerRefs OwnersOf(const model::SocketProcesses* processes, const std::vector<model::Owner>* owners);

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_OWNERSHIP_H_
