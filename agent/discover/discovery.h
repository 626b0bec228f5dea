// Which network namespaces exist on the machine, and who lives in them.
#ifndef LISTENQ_AGENT_DISCOVER_DISCOVERY_H_
#define LISTENQ_AGENT_DISCOVER_DISCOVERY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/discover/pins.h"
#include "agent/discover/process_table.h"
#include "agent/model/owner.h"
#include "agent/model/snapshot.h"

namespace listenq::discover {

struct FoundNamespace {
  uint64_t dev = 0;
  uint64_t inode = 0;
  // The node's own; see FindHostNetns.
  bool host = false;
  // Full paths of its bind mounts, sorted.
  std::vector<std::string> pins;
  // Processes that live there, ascending. Kernel threads don't count, save one (host) where there is nobody
  // else.
  std::vector<uint32_t> pids;
  // Its processes' containers by their cgroups, by pod and container, at most kMaxContainers.
  std::vector<std::shared_ptr<const CgroupOwner>> containers;
  // It has more of them.
  bool containers_truncated = false;
  // The first of `pids`, at most kMaxNamed.
  std::vector<model::Process> first_processes;
  static constexpr size_t kMaxContainers = 1024;
  static constexpr size_t kMaxNamed = 8;
};

struct DiscoverResult {
  // The host's first, then by inode.
  std::vector<FoundNamespace> namespaces;
  // Of the whole node, part "discovery", one per kind of trouble however many processes have it.
  std::vector<model::PartError> errors;
};

// Contract: Walk tells what exists at the moment, by the namespace links of the processes and the bind mounts
// below `pin_folders`. Not found: a namespace that lives on by an open descriptor, a socket or a single
// thread of a process only. Nothing is kept open: no namespace lives longer because of it. How soon a change
// is noticed: see ProcessTable. In short: new processes and bind mounts, and gone ones, at any Walk; a known
// process that moves to another namespace, at a full one. Threading: one thread, which no setns has moved
// (FindHostNetns). Failure: Walk always answers; what could not be read is in `errors`. While /proc can't be
// listed, the processes of the last good Walk stay.
class Discovery {
 public:
  struct Options {
    std::string proc = "/proc";
    // Those that are the same folder are listed once, by the first.
    std::vector<std::string> pin_folders = {"/run/netns", "/run/docker/netns", "/var/run/netns"};
    // As for CgroupMounts.
    std::string cgroup_root = "/sys/fs/cgroup";
    // Processes looked at in one Walk; more wait for the next.
    size_t max_looks = 20000;
  };

  explicit Discovery(Options options);

  // Quick looks only at processes that it does not know well; full looks at all of them.
  DiscoverResult Walk(bool full);

  // The container of a process as of the last Walk: 64 hex digits, "" for none, null for an unknown process.
  // Valid until the next Walk.
  [[nodiscard]] const std::string* ContainerOf(uint32_t pid) const;
  // The container in whose cgroup a socket was made, by its cgroup id; "" when that is not known.
  [[nodiscard]] std::string ContainerOfCgroup(uint64_t cgroup_id) const;

 private:
  void WalkProcesses(bool full, std::vector<model::PartError>* errors);
  void FindHost(int proc_fd, bool full, std::vector<model::PartError>* errors);
  void AddTableErrors(int proc_fd, std::vector<model::PartError>* errors) const;
  [[nodiscard]] std::vector<FoundNamespace> Group(const std::vector<Pin>& pins) const;
  void AddProcesses(FoundNamespace* netns) const;

  const Options options_;
  ProcessTable table_;
  PinFolders pin_folders_;
  uint64_t host_inode_ = 0;  // 0: not known
  // The device of nsfs: one for all namespaces of a kernel (fs/nsfs.c, nsfs_mnt). 0: not known.
  uint64_t nsfs_dev_ = 0;
};

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_DISCOVERY_H_
