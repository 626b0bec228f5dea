// Sandboxes whose sockets another kernel owns: the namespace on the node shows an empty table that says
// nothing.
#ifndef LISTENQ_AGENT_DISCOVER_GUEST_KERNEL_H_
#define LISTENQ_AGENT_DISCOVER_GUEST_KERNEL_H_

#include <string>

#include "absl/types/span.h"
#include "agent/discover/names.h"

namespace listenq::discover {

// Why the sockets of a namespace can't be seen: "not observable: guest kernel (gVisor, runtime handler
// runsc)"; "" when they can. In this order: the pod's runtime handler, its runtime type, the processes in the
// namespace.
//
// `pod` may be null. `comms` are the processes' names as in /proc/PID/comm. `in_pod`: one of them is in the
// cgroup of a pod or container; the hypervisor of an ordinary virtual machine is not.
std::string GuestKernelReason(const Pod* pod, absl::Span<const std::string> comms, bool in_pod);

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_GUEST_KERNEL_H_
