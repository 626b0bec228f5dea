#include "agent/discover/acceptor_reader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/discover/cgroup_files.h"
#include "agent/discover/proc_folder.h"
#include "agent/sys/status.h"
#include "agent/sys/unique_fd.h"

namespace listenq::discover {
namespace {

constexpr size_t kMaxFileBytes = size_t{64} << 10;
constexpr size_t kMaxBeanCounterBytes = size_t{1} << 20;

void NoteError(int error, absl::string_view name, model::Acceptor* acceptor) {
  if (error == 0 || IsGone(error) || !acceptor->unreadable_reason.empty()) return;
  const absl::Status status = sys::ErrnoStatus(error, absl::StrCat("read /proc/", acceptor->pid, "/", name));
  acceptor->unreadable_reason = std::string(status.message());
}

}  // namespace

model::Acceptors AcceptorReader::Read(absl::Span<const model::Process> processes) const {
  CgroupWalls walls(mounts_);
  model::Acceptors acceptors;
  for (const model::Process& process : processes) {
    model::Acceptor acceptor;
    acceptor.pid = process.pid;
    acceptor.comm = process.comm;
    if (ReadProcess(process, &walls, &acceptor)) acceptors.processes.push_back(std::move(acceptor));
  }
  acceptors.walls = std::move(walls).Take();
  std::sort(acceptors.processes.begin(), acceptors.processes.end(),
            [](const model::Acceptor& a, const model::Acceptor& b) { return a.pid < b.pid; });
  return acceptors;
}

// False: it is gone.
bool AcceptorReader::ReadProcess(const model::Process& process, CgroupWalls* walls,
                                 model::Acceptor* acceptor) const {
  sys::UniqueFd folder;
  const int error = OpenFolder(AT_FDCWD, absl::StrCat(proc_, "/", process.pid).c_str(), &folder);
  if (IsGone(error)) return false;
  NoteError(error, "", acceptor);
  if (error != 0) return true;
  std::string content;
  ProcessStat stat;
  const int stat_error = ReadAtMost(folder.get(), "stat", kMaxFileBytes, &content);
  if (IsGone(stat_error)) return false;
  NoteError(stat_error, "stat", acceptor);
  if (stat_error == 0 && ParseProcessStat(content, &stat)) acceptor->state = stat.state;
  ReadDescriptors(folder.get(), acceptor);
  const int limits_error = ReadAtMost(folder.get(), "limits", kMaxFileBytes, &content);
  NoteError(limits_error, "limits", acceptor);
  if (limits_error == 0) acceptor->fd_limit = OpenFilesLimit(content);
  const int cgroup_error = ReadAtMost(folder.get(), "cgroup", kMaxFileBytes, &content);
  NoteError(cgroup_error, "cgroup", acceptor);
  if (cgroup_error != 0) return true;
  acceptor->walls = walls->Read(content, process.container_id);
  if (acceptor->unreadable_reason.empty()) acceptor->unreadable_reason = walls->why_unreadable();
  return true;
}

void AcceptorReader::ReadDescriptors(int folder_fd, model::Acceptor* acceptor) {
  struct stat info = {};
  // The number of descriptors since Linux 6.2 (fs/proc/fd.c, proc_fd_getattr), 0 before.
  if (::fstatat(folder_fd, "fd", &info, 0) == 0 && info.st_size > 0) {
    acceptor->open_fds = static_cast<uint64_t>(info.st_size);
    return;
  }
  sys::UniqueFd fds;
  const int error = OpenFolder(folder_fd, "fd", &fds);
  NoteError(error, "fd", acceptor);
  if (error != 0) return;
  size_t count = 0;
  const int list_error = CountNumericEntries(fds.get(), kMaxFdsCounted, &count);
  NoteError(list_error, "fd", acceptor);
  if (list_error == 0) acceptor->open_fds = count;
}

std::vector<model::Wall> AcceptorReader::ReadBeanCounters() const {
  std::string content;
  const std::string path = absl::StrCat(proc_, "/user_beancounters");
  if (ReadAtMost(AT_FDCWD, path.c_str(), kMaxBeanCounterBytes, &content) != 0) return {};
  return ParseBeanCounters(content);
}

}  // namespace listenq::discover
