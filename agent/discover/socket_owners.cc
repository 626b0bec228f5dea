#include "agent/discover/socket_owners.h"

#include <fcntl.h>

#include <array>
#include <cstdio>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/discover/proc_folder.h"
#include "agent/sys/status.h"
#include "agent/sys/unique_fd.h"

namespace listenq::discover {
namespace {

using model::SocketProcesses;

using Result = absl::flat_hash_map<uint64_t, std::shared_ptr<const SocketProcesses>>;

class Search {
 public:
  Search(const std::string& proc, const absl::flat_hash_set<uint64_t>& inodes, size_t max_fds,
         const std::function<std::string(uint32_t)>& container_of)
      : proc_(proc), inodes_(inodes), fds_left_(max_fds), max_fds_(max_fds), container_of_(container_of) {}

  void Run(absl::Span<const uint32_t> pids) {
    // Without it every process would look gone.
    sys::UniqueFd folder;
    if (const int error = OpenFolder(AT_FDCWD, proc_.c_str(), &folder); error != 0) {
      reason_ = std::string(sys::ErrnoStatus(error, absl::StrCat("open ", proc_)).message());
      return;
    }
    for (const uint32_t pid : pids) {
      if (!LookThrough(pid)) return;
    }
  }

  Result Take() && {
    const auto nobody = std::make_shared<SocketProcesses>();
    if (reason_.empty()) nobody->count = 0;
    nobody->unreadable_reason = reason_;
    Result result;
    for (const uint64_t inode : inodes_) {
      const auto found = found_.find(inode);
      if (found == found_.end()) {
        result.emplace(inode, nobody);
        continue;
      }
      found->second.unreadable_reason = reason_;
      result.emplace(inode, std::make_shared<const SocketProcesses>(std::move(found->second)));
    }
    return result;
  }

 private:
  // False when the bound is hit.
  bool LookThrough(uint32_t pid) {
    const std::string path = absl::StrCat(proc_, "/", pid, "/fd");
    sys::UniqueFd folder;
    if (const int error = OpenFolder(AT_FDCWD, path.c_str(), &folder); error != 0) {
      NoteError(error, "open ", path);
      return true;
    }
    if (const int error = ListNumericEntries(folder.get(), &entries_); error != 0) {
      NoteError(error, "read folder ", path);
      return true;
    }
    held_.clear();
    for (const NumericEntry& entry : entries_) {
      if (fds_left_ == 0) {
        NoteBound();
        break;
      }
      --fds_left_;
      if (!ReadOne(folder.get(), entry.number, path)) break;
    }
    for (const uint64_t inode : held_) AddHolder(inode, pid);
    return !bound_hit_;
  }

  // False when the process's links may not be read.
  bool ReadOne(int folder_fd, uint32_t fd, const std::string& path) {
    std::array<char, 16> name;
    std::snprintf(name.data(), name.size(), "%u", fd);
    uint64_t inode = 0;
    const int error = ReadBracketedLink(folder_fd, name.data(), "socket", &inode);
    if (inode != 0 && inodes_.contains(inode)) held_.insert(inode);
    if (error == 0 || IsGone(error)) return true;
    NoteError(error, "read link ", absl::StrCat(path, "/", fd));
    return false;
  }

  void AddHolder(uint64_t inode, uint32_t pid) {
    SocketProcesses& holders = found_[inode];
    holders.count = holders.count.value_or(0) + 1;
    std::string container;
    if (container_of_) {
      container = container_of_(pid);
      holders.AddContainer(container);
    }
    if (holders.first.size() >= SocketProcesses::kMaxProcesses) return;
    holders.first.push_back({.pid = pid, .comm = ReadComm(pid), .container_id = std::move(container)});
  }

  [[nodiscard]] std::string ReadComm(uint32_t pid) const {
    std::string content;
    // Gone since: the socket's process has a number, and no name.
    ReadAtMost(AT_FDCWD, absl::StrCat(proc_, "/", pid, "/comm").c_str(), kMaxCommBytes + 1, &content);
    return CommOf(content);
  }

  // The first error stands for all.
  void NoteError(int error, const char* action, const std::string& object) {
    if (IsGone(error) || !reason_.empty()) return;
    reason_ = std::string(sys::ErrnoStatus(error, absl::StrCat(action, object)).message());
    if (IsDenied(error)) absl::StrAppend(&reason_, ": needs CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH");
  }

  void NoteBound() {
    bound_hit_ = true;
    if (!reason_.empty()) return;
    reason_ = absl::StrCat("look through ", proc_, "/PID/fd: more than ", max_fds_, " descriptors");
  }

  const std::string& proc_;
  const absl::flat_hash_set<uint64_t>& inodes_;
  size_t fds_left_;
  const size_t max_fds_;
  const std::function<std::string(uint32_t)>& container_of_;
  absl::flat_hash_map<uint64_t, SocketProcesses> found_;
  std::string reason_;
  bool bound_hit_ = false;
  // Of the process at hand.
  std::vector<NumericEntry> entries_;
  absl::flat_hash_set<uint64_t> held_;
};

}  // namespace

Result FindSocketProcesses(const std::string& proc, absl::Span<const uint32_t> pids,
                           const absl::flat_hash_set<uint64_t>& inodes, size_t max_fds,
                           const std::function<std::string(uint32_t)>& container_of) {
  Search search(proc, inodes, max_fds, container_of);
  search.Run(pids);
  return std::move(search).Take();
}

}  // namespace listenq::discover
