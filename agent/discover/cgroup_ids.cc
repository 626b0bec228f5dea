#include "agent/discover/cgroup_ids.h"

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "agent/discover/cgroup_files.h"
#include "agent/sys/file.h"

namespace listenq::discover {

void CgroupIds::Learn(absl::string_view proc_pid_cgroup_file,
                      const std::shared_ptr<const CgroupOwner>& container) {
  if (root_.empty() || container == nullptr || container->container_id.empty()) return;
  const absl::string_view path = UnifiedPath(proc_pid_cgroup_file);
  if (path.empty() || IsOutside(path) || by_path_.contains(path)) return;
  if (ParseCgroup(absl::StrCat("0::", path, "\n")).container_id != container->container_id) return;
  by_path_[path] = container;
  const absl::StatusOr<sys::FileId> folder = sys::StatFile(absl::StrCat(root_, path));
  if (folder.ok()) by_id_[folder->inode] = container;
}

std::shared_ptr<const CgroupOwner> CgroupIds::Find(uint64_t cgroup_id) const {
  const auto found = by_id_.find(cgroup_id);
  return found == by_id_.end() ? nullptr : found->second.lock();
}

void CgroupIds::Prune() {
  absl::erase_if(by_path_, [](const auto& entry) { return entry.second.expired(); });
  absl::erase_if(by_id_, [](const auto& entry) { return entry.second.expired(); });
}

}  // namespace listenq::discover
