#include "agent/discover/host_netns.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "agent/discover/proc_folder.h"
#include "agent/sys/status.h"

namespace listenq::discover {
namespace {

uint64_t NetnsOf(int proc_fd, const char* link) {
  uint64_t inode = 0;
  return ReadBracketedLink(proc_fd, link, "net", &inode) == 0 ? inode : 0;
}

bool IsKernelThread(int proc_fd, const char* stat_file) {
  std::string content;
  ProcessStat stat;
  return ReadAtMost(proc_fd, stat_file, 4096, &content) == 0 && ParseProcessStat(content, &stat) &&
         stat.kernel_thread;
}

bool WeArePidOne(int proc_fd) {
  std::array<char, 16> buffer;
  const ssize_t size = ::readlinkat(proc_fd, "self", buffer.data(), buffer.size());
  return size > 0 && absl::string_view(buffer.data(), static_cast<size_t>(size)) == "1";
}

absl::StatusOr<uint64_t> NetnsOfPidOne(int proc_fd, const std::string& proc) {
  if (WeArePidOne(proc_fd)) {
    return absl::FailedPreconditionError(
        absl::StrCat("look at ", proc, "/1: it is this agent itself, in a PID namespace of its own"));
  }
  uint64_t inode = 0;
  const int error = ReadBracketedLink(proc_fd, "1/ns/net", "net", &inode);
  if (error != 0) return sys::ErrnoStatus(error, absl::StrCat("readlink ", proc, "/1/ns/net"));
  if (inode == 0) {
    return absl::FailedPreconditionError(absl::StrCat("readlink ", proc, "/1/ns/net: not a net:[N] link"));
  }
  return inode;
}

}  // namespace

absl::StatusOr<uint64_t> FindHostNetns(int proc_fd, const std::string& proc) {
  // Step 1
  if (IsKernelThread(proc_fd, "2/stat")) {
    if (const uint64_t inode = NetnsOf(proc_fd, "2/ns/net"); inode != 0) return inode;
  }
  // Step 2
  if (::faccessat(proc_fd, "sys/net/core/dev_weight", F_OK, 0) == 0) {
    if (const uint64_t inode = NetnsOf(proc_fd, "thread-self/ns/net"); inode != 0) return inode;
  }
  // Step 3
  return NetnsOfPidOne(proc_fd, proc);
}

}  // namespace listenq::discover
