// The limits of cgroups: of their CPU, memory and tasks.
#ifndef LISTENQ_AGENT_DISCOVER_CGROUP_WALLS_H_
#define LISTENQ_AGENT_DISCOVER_CGROUP_WALLS_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "agent/discover/cgroup_mounts.h"
#include "agent/model/acceptor.h"

namespace listenq::discover {

// Contract: reads each limit once, however many processes it binds: make one anew for each pass.
// Of each kind the nearest limit counts, of the process' cgroup or of those kMaxLevels above it: a
// container's, a pod's, a service's. Threading: one thread. Failure: what can't be read is no wall, and
// WhyUnreadable says why; a cgroup that is gone has none, and that is no error.
class CgroupWalls {
 public:
  static constexpr int kMaxLevels = 5;

  explicit CgroupWalls(const CgroupMounts& mounts) : mounts_(mounts) {}

  // Those of a process, by the content of its /proc/PID/cgroup. `container_id` is whose it is.
  std::vector<model::WallId> Read(absl::string_view proc_pid_cgroup_file, const std::string& container_id);
  // Of the last Read; "" when all was read.
  [[nodiscard]] const std::string& why_unreadable() const { return why_unreadable_; }
  // All that were found.
  std::vector<model::Wall> Take() && { return std::move(walls_); }

 private:
  using Kind = model::WallId::Kind;

  std::optional<model::WallId> Nearest(Kind kind, absl::string_view proc_pid_cgroup_file,
                                       const std::string& container_id);
  // `folder` is a cgroup's; absent: no limit there.
  std::optional<model::Wall> ReadWall(Kind kind, bool v2, const std::string& folder);
  std::optional<model::Wall> ReadCpu(bool v2, const std::string& folder);
  std::optional<model::Wall> ReadMemory(bool v2, const std::string& folder);
  std::optional<model::Wall> ReadPids(const std::string& folder);
  // "" when it can't be read.
  std::string ReadFile(const std::string& folder, absl::string_view name);

  const CgroupMounts& mounts_;
  std::vector<model::Wall> walls_;
  // What was found for a cgroup (by hierarchy and path), which may be none.
  absl::flat_hash_map<std::string, std::optional<model::WallId>> nearest_;
  std::string why_unreadable_;
};

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_CGROUP_WALLS_H_
