#include "agent/discover/cgroup_walls.h"

#include <fcntl.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "agent/discover/cgroup_files.h"
#include "agent/discover/proc_folder.h"
#include "agent/sys/status.h"

namespace listenq::discover {
namespace {

using model::Wall;
using model::WallId;

constexpr size_t kMaxFileBytes = 16384;
// From here on page cache that is free to go is subtracted from what memory is used.
constexpr uint64_t kFullPercent = 90;

absl::string_view ControllerOf(WallId::Kind kind) {
  switch (kind) {
    case WallId::Kind::kCpu:
      return "cpu";
    case WallId::Kind::kMemory:
      return "memory";
    case WallId::Kind::kPids:
    case WallId::Kind::kBeanCounter:
      break;
  }
  return "pids";
}

uint64_t Minus(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

// "/a/b" to "/a" to "/" to "".
void GoUp(std::string* path) { path->resize(path->size() == 1 ? 0 : std::max<size_t>(path->rfind('/'), 1)); }

}  // namespace

std::vector<WallId> CgroupWalls::Read(absl::string_view proc_pid_cgroup_file,
                                      const std::string& container_id) {
  why_unreadable_.clear();
  std::string cgroups(proc_pid_cgroup_file);
  mounts_.Resolve(&cgroups);
  std::vector<WallId> ids;
  for (const Kind kind : {Kind::kCpu, Kind::kMemory, Kind::kPids}) {
    std::optional<WallId> id = Nearest(kind, cgroups, container_id);
    if (id.has_value()) ids.push_back(*std::move(id));
  }
  return ids;
}

std::optional<WallId> CgroupWalls::Nearest(Kind kind, absl::string_view proc_pid_cgroup_file,
                                           const std::string& container_id) {
  const CgroupPlace place = FindCgroup(proc_pid_cgroup_file, ControllerOf(kind));
  const bool v2 = place.v1_controllers.empty();
  if (place.path.empty() || (v2 && mounts_.unified.empty())) return std::nullopt;
  if (IsOutside(place.path)) {
    why_unreadable_ =
        absl::StrCat("read limits of cgroup ", place.path, ": outside of this cgroup namespace");
    return std::nullopt;
  }
  const std::string key = absl::StrCat(ControllerOf(kind), place.path);
  if (const auto known = nearest_.find(key); known != nearest_.end()) return known->second;
  const std::string mount = v2 ? mounts_.unified : absl::StrCat(mounts_.root, "/", place.v1_controllers);
  std::optional<WallId>& nearest = nearest_[key];
  std::string path = place.path;
  for (int level = 0; level <= kMaxLevels && !path.empty(); ++level, GoUp(&path)) {
    std::optional<Wall> wall = ReadWall(kind, v2, absl::StrCat(mount, path));
    if (!wall.has_value()) continue;
    wall->id = {.kind = kind, .name = path};
    wall->container_id = container_id;
    nearest = wall->id;
    const bool known =
        std::any_of(walls_.begin(), walls_.end(), [&](const Wall& other) { return other.id == wall->id; });
    if (!known) walls_.push_back(*std::move(wall));
    break;
  }
  return nearest;
}

std::optional<Wall> CgroupWalls::ReadWall(Kind kind, bool v2, const std::string& folder) {
  if (kind == Kind::kCpu) return ReadCpu(v2, folder);
  if (kind == Kind::kMemory) return ReadMemory(v2, folder);
  return ReadPids(folder);
}

std::optional<Wall> CgroupWalls::ReadCpu(bool v2, const std::string& folder) {
  const std::optional<uint64_t> milli_cpus =
      v2 ? MilliCpus(ReadFile(folder, "cpu.max"))
         : MilliCpus(absl::StrCat(ReadFile(folder, "cpu.cfs_quota_us"), " ",
                                  ReadFile(folder, "cpu.cfs_period_us")));
  if (!milli_cpus.has_value()) return std::nullopt;
  const std::string stat = ReadFile(folder, "cpu.stat");
  const std::optional<uint64_t> periods = FlatKey(stat, "nr_periods");
  if (!periods.has_value()) return std::nullopt;
  Wall wall;
  wall.counter = "cpu.stat nr_throttled";
  wall.limit = *milli_cpus;
  wall.total.periods = *periods;
  wall.total.hits = FlatKey(stat, "nr_throttled").value_or(0);
  wall.total.throttled_micros =
      v2 ? FlatKey(stat, "throttled_usec").value_or(0) : FlatKey(stat, "throttled_time").value_or(0) / 1000;
  return wall;
}

std::optional<Wall> CgroupWalls::ReadMemory(bool v2, const std::string& folder) {
  const std::optional<uint64_t> limit =
      LimitIn(ReadFile(folder, v2 ? "memory.max" : "memory.limit_in_bytes"));
  if (!limit.has_value()) return std::nullopt;
  Wall wall;
  wall.limit = *limit;
  wall.used = LimitIn(ReadFile(folder, v2 ? "memory.current" : "memory.usage_in_bytes"));
  if (wall.used.has_value() && *wall.used >= *limit / 100 * kFullPercent) {
    const std::string stat = ReadFile(folder, "memory.stat");
    wall.used = Minus(*wall.used, FlatKey(stat, v2 ? "inactive_file" : "total_inactive_file").value_or(0));
  }
  if (v2) {
    const std::string events = ReadFile(folder, "memory.events");
    wall.counter = "memory.events max";
    wall.total.hits = FlatKey(events, "max").value_or(0);
    wall.total.oom_kills = FlatKey(events, "oom_kill").value_or(0);
    return wall;
  }
  wall.counter = "memory.failcnt";
  wall.total.hits = LimitIn(ReadFile(folder, "memory.failcnt")).value_or(0);
  // Since Linux 4.13.
  wall.total.oom_kills = FlatKey(ReadFile(folder, "memory.oom_control"), "oom_kill").value_or(0);
  return wall;
}

// The same files in v1 and v2.
std::optional<Wall> CgroupWalls::ReadPids(const std::string& folder) {
  const std::optional<uint64_t> limit = LimitIn(ReadFile(folder, "pids.max"));
  if (!limit.has_value()) return std::nullopt;
  Wall wall;
  wall.counter = "pids.events max";
  wall.limit = *limit;
  wall.used = LimitIn(ReadFile(folder, "pids.current"));
  wall.total.hits = FlatKey(ReadFile(folder, "pids.events"), "max").value_or(0);
  return wall;
}

std::string CgroupWalls::ReadFile(const std::string& folder, absl::string_view name) {
  const std::string path = absl::StrCat(folder, "/", name);
  std::string content;
  const int error = ReadAtMost(AT_FDCWD, path.c_str(), kMaxFileBytes, &content);
  if (error == 0) {
    if (absl::EndsWith(content, "\n")) content.pop_back();
    return content;
  }
  if (!IsGone(error) && why_unreadable_.empty()) {
    why_unreadable_ = std::string(sys::ErrnoStatus(error, absl::StrCat("read ", path)).message());
  }
  return "";
}

}  // namespace listenq::discover
