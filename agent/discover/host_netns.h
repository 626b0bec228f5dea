// Which network namespace is the node's own.
#ifndef LISTENQ_AGENT_DISCOVER_HOST_NETNS_H_
#define LISTENQ_AGENT_DISCOVER_HOST_NETNS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace listenq::discover {

// The inode of the node's own network namespace. `proc_fd` is the folder `proc`. In this order:
// 1. that of PID 2, if it is a kernel thread (kthreadd): those live in the init namespace;
// 2. that of the calling thread, if it sees sys/net/core/dev_weight: only the init namespace has that file
//    (net/core/sysctl_net_core.c). The thread must not have been moved by setns;
// 3. that of PID 1, unless the calling process is PID 1: then it is in a container with a PID namespace of
// its
//    own. Reached where the node itself is a container (kind).
// An error says why PID 1 did not tell: PermissionDenied, NotFound, FailedPrecondition.
absl::StatusOr<uint64_t> FindHostNetns(int proc_fd, const std::string& proc);

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_HOST_NETNS_H_
