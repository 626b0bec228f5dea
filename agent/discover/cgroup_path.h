// Whose a process is, by its cgroup path alone: no container runtime is asked.
#ifndef LISTENQ_AGENT_DISCOVER_CGROUP_PATH_H_
#define LISTENQ_AGENT_DISCOVER_CGROUP_PATH_H_

#include <string>

#include "absl/strings/string_view.h"

namespace listenq::discover {

struct CgroupOwner {
  // "containerd", "cri-o", "docker", "podman"; "" where the path does not tell: a bare id below kubepods
  // (cgroupfs driver) is containerd's or Docker's.
  std::string runtime;
  // 64 hex digits, or "".
  std::string container_id;
  // With dashes; a static pod's is the kubelet's config hash, 32 hex digits without dashes. "" for none.
  std::string pod_uid;

  [[nodiscard]] bool empty() const { return container_id.empty() && pod_uid.empty(); }
  bool operator==(const CgroupOwner&) const = default;
};

// `proc_pid_cgroup_file` is the content of /proc/PID/cgroup, v1, v2 or hybrid, seen from any cgroup
// namespace. The first line that names a container or a pod wins, in this order: any that contains
// "kubepods"; v1's name=systemd; v1's cpu, memory or pids; v2's "0::"; other v1 lines. Of containers nested
// in containers the outer one is meant, save that a pod is preferred to what surrounds it (kind). The
// monitors of CRI-O and Podman (conmon) belong to nobody: empty. Any bytes are accepted; time is linear in
// their number.
CgroupOwner ParseCgroup(absl::string_view proc_pid_cgroup_file);

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_CGROUP_PATH_H_
