// The processes of the machine, each with its network namespace and its container.
#ifndef LISTENQ_AGENT_DISCOVER_PROCESS_TABLE_H_
#define LISTENQ_AGENT_DISCOVER_PROCESS_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "agent/discover/cgroup_ids.h"
#include "agent/discover/cgroup_mounts.h"
#include "agent/discover/cgroup_path.h"
#include "agent/discover/proc_folder.h"

namespace listenq::discover {

struct KnownProcess {
  // d_ino of /proc/PID: another process with the same PID has another.
  uint64_t entry_inode = 0;
  // 0: none known (a zombie, gone since, or `unreadable`).
  uint64_t netns_inode = 0;
  bool unreadable = false;
  bool kernel_thread = false;
  // Its cgroup is outside of this cgroup namespace, and its path from the hierarchy's root not known.
  bool cgroup_outside = false;
  // At most 15 raw bytes.
  std::string comm;
  // Null for no container. One object for all processes of a container.
  std::shared_ptr<const CgroupOwner> container;
  uint8_t looks = 0;
  uint64_t last_look = 0;  // number of the update
  uint64_t last_seen = 0;
};

// Contract: Update lists /proc once, drops who is gone and looks at (reads the namespace link, stat and
// cgroup of) the processes that it does not know well: each is looked at in its first kFirstLooks updates. A
// full update looks at all the others again too, kernel threads excepted. What changes in between, such as a
// setns, a move to another cgroup or a turn into a zombie, is noticed by the next full update.
//
// A reused PID is noticed at once by d_ino, which getdents gives for nothing: procfs makes a new inode for
// each process (fs/proc/base.c, proc_pid_make_inode). An inode that the kernel dropped from its cache and
// made anew only costs one more look.
//
// A process whose namespace link may not be read is given the namespace of a readable process with which it
// shares /proc/PID/net/dev (an inode of procfs that each namespace has for its own, and that needs no
// capability to stat); `unreadable` where that fails.
//
// At most `max_looks` processes are looked at in one update; the rest waits for the next ones.
// Threading: one thread.
class ProcessTable {
 public:
  static constexpr uint8_t kFirstLooks = 3;

  // `cgroup_root` as for CgroupMounts.
  ProcessTable(size_t max_looks, std::string cgroup_root)
      : max_looks_(max_looks), cgroup_mounts_(std::move(cgroup_root)), cgroup_ids_(cgroup_mounts_.unified) {}

  // 0, or the errno of listing: then nobody is dropped. `proc_fd` is freshly opened.
  int Update(int proc_fd, bool full);

  [[nodiscard]] const absl::flat_hash_map<uint32_t, KnownProcess>& processes() const { return processes_; }
  [[nodiscard]] const KnownProcess* Find(uint32_t pid) const;
  [[nodiscard]] const CgroupMounts& cgroup_mounts() const { return cgroup_mounts_; }
  [[nodiscard]] const CgroupIds& cgroup_ids() const { return cgroup_ids_; }
  // Processes that no update had time to look at.
  [[nodiscard]] size_t never_looked_at() const { return never_looked_at_; }

 private:
  void See(int proc_fd);
  void LookAgain(int proc_fd);
  void Look(int proc_fd, uint32_t pid, KnownProcess* process);
  void ReadStat(int proc_fd, uint32_t pid, KnownProcess* process);
  void ReadComm(int proc_fd, uint32_t pid, KnownProcess* process);
  void ReadContainer(int proc_fd, uint32_t pid, KnownProcess* process);
  void ResolveUnreadable(int proc_fd);
  std::shared_ptr<const CgroupOwner> Share(CgroupOwner owner);

  const size_t max_looks_;
  absl::flat_hash_map<uint32_t, KnownProcess> processes_;
  absl::flat_hash_map<std::string, std::shared_ptr<const CgroupOwner>> containers_;
  const CgroupMounts cgroup_mounts_;
  CgroupIds cgroup_ids_;
  uint64_t update_ = 0;
  size_t looks_left_ = 0;
  size_t never_looked_at_ = 0;
  // Where a full update that ran out of looks goes on.
  uint32_t look_again_from_ = 0;
  bool unreadable_looked_at_ = false;
  // Reused memory.
  std::vector<NumericEntry> entries_;
  std::string content_;
};

}  // namespace listenq::discover

#endif  // LISTENQ_AGENT_DISCOVER_PROCESS_TABLE_H_
