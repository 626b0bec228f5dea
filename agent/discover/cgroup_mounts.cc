#include "agent/discover/cgroup_mounts.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <cstddef>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "agent/discover/cgroup_files.h"
#include "agent/sys/file.h"
#include "agent/sys/status.h"

namespace listenq::discover {
namespace {

bool IsCgroup2(const std::string& folder) {
  struct statfs info = {};
  return ::statfs(folder.c_str(), &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC;
}

std::string UnifiedBelow(const std::string& root) {
  for (const std::string& folder : {root, absl::StrCat(root, "/unified")}) {
    if (IsCgroup2(folder)) return folder;
  }
  return "";
}

// "/a/b" and "/../c" to "/a/c"; "" when it leads above the root.
std::string Join(std::string base, absl::string_view path) {
  for (const absl::string_view name : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    if (name != "..") {
      absl::StrAppend(&base, "/", name);
    } else if (base.empty()) {
      return "";
    } else {
      base.resize(base.rfind('/'));
    }
  }
  return base.empty() ? "/" : base;
}

// What is gone meanwhile has none.
void AddSubfolders(const std::string& folder, std::vector<std::string>* folders) {
  std::error_code gone;
  for (std::filesystem::directory_iterator entry(folder, gone), end; entry != end; entry.increment(gone)) {
    if (entry->is_directory(gone)) folders->push_back(entry->path().string());
  }
}

}  // namespace

CgroupMounts::CgroupMounts(std::string root_folder, const std::string& own_root)
    : root(std::move(root_folder)), unified(UnifiedBelow(root)) {
  const std::string own = UnifiedBelow(own_root);
  if (unified.empty() || own.empty()) {
    why_no_base = absl::StrCat("no cgroup v2 hierarchy at ", unified.empty() ? root : own_root);
    return;
  }
  absl::StatusOr<std::string> found = FindMountedCgroup(unified, own);
  if (!found.ok()) {
    why_no_base = std::string(found.status().message());
  } else if (found->empty()) {
    why_no_base = absl::StrCat("needs the node's hierarchy mounted elsewhere than at ", own_root);
  } else {
    base = *std::move(found);
  }
}

void CgroupMounts::Resolve(std::string* proc_pid_cgroup_file) const {
  const absl::string_view path = UnifiedPath(*proc_pid_cgroup_file);
  if (base.empty() || path.empty()) return;
  const std::string joined = Join(base, path);
  if (joined.empty()) return;
  proc_pid_cgroup_file->replace(static_cast<size_t>(path.data() - proc_pid_cgroup_file->data()), path.size(),
                                joined);
}

absl::StatusOr<std::string> FindMountedCgroup(const std::string& hierarchy, const std::string& mount) {
  ASSIGN_OR_RETURN(const sys::FileId wanted, sys::StatFile(mount));
  // Those near the root first.
  std::vector<std::string> folders = {hierarchy};
  for (size_t i = 0; i < folders.size() && i < kMaxCgroups; ++i) {
    const std::string folder = folders[i];
    if (const auto id = sys::StatFile(folder); id.ok() && *id == wanted)
      return folder.substr(hierarchy.size());
    AddSubfolders(folder, &folders);
  }
  return absl::NotFoundError(absl::StrCat("find the cgroup at ", mount, " below ", hierarchy, ": not there"));
}

}  // namespace listenq::discover
