// Which container a cgroup id belongs to: the kernel tells of a socket in which cgroup (v2) it was made.
#ifndef LISTENQ_AGENT_DISCOVER_CGROUP_IDS_H_
#define LISTENQ_AGENT_DISCOVER_CGROUP_IDS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "agent/discover/cgroup_path.h"

namespace listenq::discover {

// Contract: Learn notes the cgroup of one process of `container`, if its line of the v2 hierarchy names that
// container (on a hybrid host many containers may share one), and its folder can be seen below `root`: a path
// that leads out of it ("/../…") can't; see CgroupMounts. The id is the folder's inode number
// (include/linux/cgroup.h, cgroup_id). Threading: one thread.
class CgroupIds {
 public:
  // Where the node's cgroup v2 hierarchy is mounted; "" where there is none.
  explicit CgroupIds(std::string root) : root_(std::move(root)) {}

  void Learn(absl::string_view proc_pid_cgroup_file, const std::shared_ptr<const CgroupOwner>& container);
  // Null for an id that no live container was seen with.
  [[nodiscard]] std::shared_ptr<const CgroupOwner> Find(uint64_t cgroup_id) const;
  // Forgets containers that nobody else holds any more.
  void Prune();

 private:
  const std::string root_;
  // Paths that were looked at.
  absl::flat_hash_map<std::string, std::weak_ptr<const CgroupOwner>> by_path_;
  absl::flat_hash_map<uint64_t, std::weak_ptr<const CgroupOwner>> by_id_;
};

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_CGROUP_IDS_H_
