#include "agent/discover/process_table.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/discover/cgroup_files.h"

namespace listenq::discover {
namespace {

constexpr size_t kMaxCgroupBytes = size_t{64} << 10;
constexpr size_t kMaxStatBytes = 4096;

// "PID/name" below /proc, without allocating.
class PidPath {
 public:
  PidPath(uint32_t pid, const char* name) { std::snprintf(text_.data(), text_.size(), "%u/%s", pid, name); }
  [[nodiscard]] const char* get() const { return text_.data(); }

 private:
  std::array<char, 32> text_;
};

// The inode of /proc/PID/net/dev; 0 when it can't be told.
uint64_t NetworkMark(int proc_fd, uint32_t pid) {
  struct stat info = {};
  return ::fstatat(proc_fd, PidPath(pid, "net/dev").get(), &info, 0) == 0 ? info.st_ino : 0;
}

}  // namespace

int ProcessTable::Update(int proc_fd, bool full) {
  if (const int error = ListNumericEntries(proc_fd, &entries_); error != 0) return error;
  ++update_;
  looks_left_ = max_looks_;
  unreadable_looked_at_ = false;
  See(proc_fd);
  if (full) LookAgain(proc_fd);
  absl::erase_if(processes_, [this](const auto& entry) { return entry.second.last_seen != update_; });
  if (unreadable_looked_at_) ResolveUnreadable(proc_fd);
  if (full) {
    absl::erase_if(containers_, [](const auto& entry) { return entry.second.use_count() == 1; });
    cgroup_ids_.Prune();
  }
  return 0;
}

void ProcessTable::See(int proc_fd) {
  never_looked_at_ = 0;
  for (const NumericEntry& entry : entries_) {
    KnownProcess& process = processes_[entry.number];
    if (process.entry_inode != entry.inode) process = KnownProcess{.entry_inode = entry.inode};
    process.last_seen = update_;
    if (process.looks < kFirstLooks) Look(proc_fd, entry.number, &process);
    if (process.looks == 0) ++never_looked_at_;
  }
}

void ProcessTable::LookAgain(int proc_fd) {
  const auto start = std::lower_bound(entries_.begin(), entries_.end(), look_again_from_,
                                      [](const NumericEntry& e, uint32_t pid) { return e.number < pid; });
  const auto offset = static_cast<size_t>(start - entries_.begin());
  for (size_t i = 0; i < entries_.size(); ++i) {
    const uint32_t pid = entries_[(offset + i) % entries_.size()].number;
    look_again_from_ = pid;
    if (looks_left_ == 0) return;
    KnownProcess& process = processes_[pid];
    if (process.last_look != update_) Look(proc_fd, pid, &process);
  }
  look_again_from_ = 0;
}

void ProcessTable::Look(int proc_fd, uint32_t pid, KnownProcess* process) {
  if (looks_left_ == 0 || process->kernel_thread) return;
  --looks_left_;
  process->last_look = update_;
  const bool first = process->looks == 0;
  process->looks = static_cast<uint8_t>(std::min<int>(process->looks + 1, kFirstLooks));
  const int error = ReadBracketedLink(proc_fd, PidPath(pid, "ns/net").get(), "net", &process->netns_inode);
  process->unreadable = IsDenied(error);
  unreadable_looked_at_ |= process->unreadable;
  if (first) {
    ReadStat(proc_fd, pid, process);
  } else {
    ReadComm(proc_fd, pid, process);
  }
  if (!process->kernel_thread) ReadContainer(proc_fd, pid, process);
}

void ProcessTable::ReadStat(int proc_fd, uint32_t pid, KnownProcess* process) {
  ProcessStat stat;
  if (ReadAtMost(proc_fd, PidPath(pid, "stat").get(), kMaxStatBytes, &content_) != 0) return;
  if (!ParseProcessStat(content_, &stat)) return;
  process->comm.assign(stat.comm.data(), stat.comm.size());
  process->kernel_thread = stat.kernel_thread;
}

// Half the cost of stat, which computes much.
void ProcessTable::ReadComm(int proc_fd, uint32_t pid, KnownProcess* process) {
  if (ReadAtMost(proc_fd, PidPath(pid, "comm").get(), kMaxCommBytes + 1, &content_) != 0) return;
  process->comm = CommOf(content_);
}

void ProcessTable::ReadContainer(int proc_fd, uint32_t pid, KnownProcess* process) {
  if (ReadAtMost(proc_fd, PidPath(pid, "cgroup").get(), kMaxCgroupBytes, &content_) != 0) return;
  cgroup_mounts_.Resolve(&content_);
  process->cgroup_outside = IsOutside(UnifiedPath(content_));
  process->container = Share(ParseCgroup(content_));
  cgroup_ids_.Learn(content_, process->container);
}

std::shared_ptr<const CgroupOwner> ProcessTable::Share(CgroupOwner owner) {
  if (owner.empty()) return nullptr;
  std::string key = absl::StrCat(owner.runtime, "/", owner.pod_uid, "/", owner.container_id);
  std::shared_ptr<const CgroupOwner>& shared = containers_[std::move(key)];
  if (shared == nullptr) shared = std::make_shared<const CgroupOwner>(std::move(owner));
  return shared;
}

void ProcessTable::ResolveUnreadable(int proc_fd) {
  // Step 1: one readable process for each namespace.
  absl::flat_hash_map<uint64_t, uint32_t> readable;
  for (const auto& [pid, process] : processes_) {
    if (process.netns_inode != 0) readable.emplace(process.netns_inode, pid);
  }
  // Step 2: their marks. The link is read again: the process may have moved since its last look.
  absl::flat_hash_map<uint64_t, uint64_t> netns_by_mark;
  for (const auto& [inode, pid] : readable) {
    uint64_t now = 0;
    ReadBracketedLink(proc_fd, PidPath(pid, "ns/net").get(), "net", &now);
    if (now == inode) netns_by_mark.emplace(NetworkMark(proc_fd, pid), inode);
  }
  netns_by_mark.erase(0);
  // Step 3
  for (auto& [pid, process] : processes_) {
    if (!process.unreadable || process.last_look != update_) continue;
    const auto found = netns_by_mark.find(NetworkMark(proc_fd, pid));
    if (found == netns_by_mark.end()) continue;
    process.netns_inode = found->second;
    process.unreadable = false;
  }
}

const KnownProcess* ProcessTable::Find(uint32_t pid) const {
  const auto found = processes_.find(pid);
  return found == processes_.end() ? nullptr : &found->second;
}

}  // namespace listenq::discover
