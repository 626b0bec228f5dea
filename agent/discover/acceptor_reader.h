// How the processes are that hold listeners: do they run, may they open more, what bounds their cgroups.
#ifndef LISTENQ_AGENT_DISCOVER_ACCEPTOR_READER_H_
#define LISTENQ_AGENT_DISCOVER_ACCEPTOR_READER_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "agent/discover/cgroup_walls.h"
#include "agent/model/acceptor.h"
#include "agent/model/owner.h"

namespace listenq::discover {

// Contract: Read looks at each process once: /proc/PID/stat, the number of entries in fd, limits, cgroup, and
// the limits of its cgroups, each cgroup once. Nothing is kept open. Increases and states' times are left to
// the caller. Threading: one thread. Failure: a process that is gone is left out; what can't be read is
// absent, with its reason.
class AcceptorReader {
 public:
  struct Options {
    std::string proc = "/proc";
    // As for CgroupMounts.
    std::string cgroup_root = "/sys/fs/cgroup";
  };
  // Entries of /proc/PID/fd that are counted where the kernel does not tell their number (before Linux 6.2).
  static constexpr size_t kMaxFdsCounted = size_t{1} << 16;

  explicit AcceptorReader(const Options& options) : proc_(options.proc), mounts_(options.cgroup_root) {}

  [[nodiscard]] model::Acceptors Read(absl::Span<const model::Process> processes) const;
  // Of the node: what /proc/user_beancounters of an OpenVZ kernel has. Empty elsewhere.
  [[nodiscard]] std::vector<model::Wall> ReadBeanCounters() const;

 private:
  bool ReadProcess(const model::Process& process, CgroupWalls* walls, model::Acceptor* acceptor) const;
  static void ReadDescriptors(int folder_fd, model::Acceptor* acceptor);

  const std::string proc_;
  const CgroupMounts mounts_;
};

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_ACCEPTOR_READER_H_
