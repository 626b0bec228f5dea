// Which processes hold a socket.
#ifndef LISTENQ_AGENT_DISCOVER_SOCKET_OWNERS_H_
#define LISTENQ_AGENT_DISCOVER_SOCKET_OWNERS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
#include "agent/model/listener.h"

namespace listenq::discover {

// Which of the processes `pids` hold the sockets with these inodes: reads the links in /proc/PID/fd, at most
// `max_fds` in all. Has an entry for each of `inodes`:
// - found: `count` and the first processes in the order of `pids`; each process counts once;
// - nobody holds it: count = 0, a fact;
// - not found, and not everything could be looked through: no count, and `unreadable_reason`.
// A socket that was found while not everything could be looked through has both: `count` is then a lower
// bound. A process that is gone holds nothing; that is no error. `container_of` gives a PID's container id,
// "" for none; it may be null: then no containers are named. Needs CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH for
// other users' processes. Keeps nothing open. Threading: free function, no state.
absl::flat_hash_map<uint64_t, std::shared_ptr<const model::SocketProcesses>> FindSocketProcesses(
    const std::string& proc, absl::Span<const uint32_t> pids, const absl::flat_hash_set<uint64_t>& inodes,
    size_t max_fds, const std::function<std::string(uint32_t)>& container_of);

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_SOCKET_OWNERS_H_
