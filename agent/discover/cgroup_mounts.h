// Where the node's cgroup hierarchies are mounted, and where in the v2 one this process' namespace is.
#ifndef LISTENQ_AGENT_DISCOVER_CGROUP_MOUNTS_H_
#define LISTENQ_AGENT_DISCOVER_CGROUP_MOUNTS_H_

#include <string>

#include "absl/status/statusor.h"

namespace listenq::discover {

// In a cgroup namespace of its own, as containerd, CRI-O, Docker and Podman give one to each container of a
// cgroup v2 host, a process reads of others' cgroups how they lie from its own: "/../../pod1/c1"
// (cgroup_namespaces(7)). Its namespace's root never changes, so it is looked for once: it is what the
// runtime has mounted at `own_root`, and is found below the node's hierarchy by its inode. Not done for v1:
// there these runtimes leave containers in the host's namespace unless told otherwise.
struct CgroupMounts {
  // `root`: of the v2 hierarchy, or the folder above those of v1 and of v2's "unified".
  explicit CgroupMounts(std::string root, const std::string& own_root = "/sys/fs/cgroup");

  // Makes the v2 path in the content of a /proc/PID/cgroup one from the root of `unified`. A path that leads
  // above that stays as it is, with its "/..".
  void Resolve(std::string* proc_pid_cgroup_file) const;

  std::string root;
  // "" where there is no v2 hierarchy.
  std::string unified;
  // This cgroup namespace's root: its path from the root of `unified`. "" when they are the same, or when it
  // is not known, for the reason `why_no_base`.
  std::string base;
  std::string why_no_base;
};

// The path below `hierarchy` of the cgroup that is mounted at `mount`; "" when it is the hierarchy's root.
// Looks at no more than kMaxCgroups. NotFound when it is not there.
inline constexpr size_t kMaxCgroups = 100'000;
absl::StatusOr<std::string> FindMountedCgroup(const std::string& hierarchy, const std::string& mount);

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_CGROUP_MOUNTS_H_
