#include "base/unix_socket.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>

#include "absl/strings/str_cat.h"
#include "agent/sys/status.h"

namespace listenq::base {
namespace {

std::optional<gid_t> ListenqGroup() {
  std::array<char, 4096> buffer{};
  group entry{};
  group* found = nullptr;
  if (getgrnam_r("listenq", &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return std::nullopt;
  }
  return found->gr_gid;
}

// Of an error that stands in the way of a socket there.
absl::Status Refused(int error, absl::string_view what) {
  const absl::Status status = sys::ErrnoStatus(error, what);
  if (error != EACCES && error != EPERM && error != EROFS) return status;
  return {status.code(), absl::StrCat(std::string(status.message()),
                                      ": run as root, or serve elsewhere (--listen unix:///PATH)")};
}

// Without the right to give files away the group stays as it is, which is never wider.
absl::Status GiveToGroup(const std::string& path) {
  const std::optional<gid_t> group = ListenqGroup();
  if (!group.has_value()) return absl::OkStatus();
  if (chown(path.c_str(), static_cast<uid_t>(-1), *group) != 0 && errno != EPERM) {
    return sys::ErrnoStatus(errno, absl::StrCat("give ", path, " to group listenq"));
  }
  return absl::OkStatus();
}

absl::Status MakeFolder(const std::string& folder) {
  if (folder.empty() || access(folder.c_str(), F_OK) == 0) return absl::OkStatus();
  RETURN_IF_ERROR(MakeFolder(folder.substr(0, folder.rfind('/'))));
  if (mkdir(folder.c_str(), 0750) == 0) return GiveToGroup(folder);
  if (errno == EEXIST) return absl::OkStatus();
  return Refused(errno, absl::StrCat("make folder ", folder));
}

absl::Status CheckReplaceable(const std::string& socket_path) {
  struct stat file {};
  if (lstat(socket_path.c_str(), &file) != 0) {
    if (errno == ENOENT) return absl::OkStatus();
    return sys::ErrnoStatus(errno, absl::StrCat("look at ", socket_path));
  }
  if (S_ISSOCK(file.st_mode)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("listen on ", socket_path, ": something that is not a socket lies there; remove it"));
}

}  // namespace

absl::StatusOr<SocketClaim> SocketClaim::Take(const std::string& socket_path) {
  RETURN_IF_ERROR(MakeFolder(socket_path.substr(0, socket_path.rfind('/'))));
  const std::string lock_path = absl::StrCat(socket_path, ".lock");
  sys::UniqueFd lock(open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) return Refused(errno, absl::StrCat("open ", lock_path));
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return sys::ErrnoStatus(errno, absl::StrCat("lock ", lock_path));
    return absl::FailedPreconditionError(
        absl::StrCat("listen on ", socket_path, ": another server runs there (it holds ", lock_path, ")"));
  }
  RETURN_IF_ERROR(CheckReplaceable(socket_path));
  return SocketClaim(socket_path, std::move(lock));
}

absl::Status SocketClaim::SetAccess() const {
  RETURN_IF_ERROR(GiveToGroup(socket_path_));
  if (chmod(socket_path_.c_str(), 0660) != 0) {
    return sys::ErrnoStatus(errno, absl::StrCat("set the mode of ", socket_path_));
  }
  return absl::OkStatus();
}

ScopedUmask::ScopedUmask(mode_t mask) : before_(umask(mask)) {}
ScopedUmask::~ScopedUmask() { umask(before_); }

}  // namespace listenq::base
