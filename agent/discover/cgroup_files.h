// The files of cgroups and of /proc that tell limits: bytes in, values out.
#ifndef LISTENQ_AGENT_DISCOVER_CGROUP_FILES_H_
#define LISTENQ_AGENT_DISCOVER_CGROUP_FILES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "agent/model/acceptor.h"

namespace listenq::discover {

// The path in the v2 hierarchy, of the content of /proc/PID/cgroup: points into it. "" when there is none.
absl::string_view UnifiedPath(absl::string_view proc_pid_cgroup_file);

// It leads out of the cgroup namespace of the process that has read it.
bool IsOutside(absl::string_view cgroup_path);

// In which hierarchy a process has a controller, and its path there.
struct CgroupPlace {
  // The mount's folder name of a v1 hierarchy ("cpu,cpuacct"); "" for the v2 hierarchy.
  std::string v1_controllers;
  // Starts with a slash; "" where /proc/PID/cgroup names none.
  std::string path;
  bool operator==(const CgroupPlace&) const = default;
};

// Of the content of /proc/PID/cgroup. A controller has a v1 hierarchy or is in the v2 one (include/linux/
// cgroup-defs.h: on a hybrid host each is in one only). `controller` is "cpu", "memory" or "pids".
CgroupPlace FindCgroup(absl::string_view proc_pid_cgroup_file, absl::string_view controller);

// The number after `key` in lines of "key number"; absent: no such line.
std::optional<uint64_t> FlatKey(absl::string_view content, absl::string_view key);

// A file of one number. Absent: "max", a negative number, v1's "no limit" (beyond 2^62), anything else.
std::optional<uint64_t> LimitIn(absl::string_view content);

// cpu.max ("20000 100000") as thousandths of a CPU. Absent: no quota.
std::optional<uint64_t> MilliCpus(absl::string_view cpu_max);

// The soft limit of "Max open files" in /proc/PID/limits; UINT64_MAX for "unlimited". Absent: no such line.
std::optional<uint64_t> OpenFilesLimit(absl::string_view limits);

// /proc/user_beancounters (OpenVZ): one wall for each resource that has a limit or a failure, at most
// kMaxBeanCounters.
inline constexpr size_t kMaxBeanCounters = 1024;
std::vector<model::Wall> ParseBeanCounters(absl::string_view content);

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_CGROUP_FILES_H_
