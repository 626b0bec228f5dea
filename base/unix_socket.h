// The unix socket of a server: who may bind its path, and who may connect to it.
#ifndef LISTENQ_BASE_UNIX_SOCKET_H_
#define LISTENQ_BASE_UNIX_SOCKET_H_

#include <sys/types.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/sys/unique_fd.h"

namespace listenq::base {

// What helps who may not connect to a server's socket.
inline constexpr char kJoinSocketGroup[] = "run as root, or join the group that owns the socket (listenq)";

// The right to bind a socket path: a flock on "<path>.lock", held until destruction. gRPC unlinks whatever
// socket lies at the path before it binds, a live server's too, so no one may bind without a claim.
//
// Failure: a claim that another process holds is FailedPrecondition and names the socket. The lock file stays
// behind: unlinking it would let two processes lock two files of one name.
class SocketClaim {
 public:
  // Makes missing folders of the path (0750, the last one with the group below). Something at the path that
  // is no socket is FailedPrecondition; a socket that nobody serves is left for gRPC to replace.
  static absl::StatusOr<SocketClaim> Take(const std::string& socket_path);

  // After the bind: mode 0660, and group `listenq` where the host has that group and lets us give it.
  [[nodiscard]] absl::Status SetAccess() const;
  [[nodiscard]] const std::string& socket_path() const { return socket_path_; }

 private:
  SocketClaim(std::string socket_path, sys::UniqueFd lock)
      : socket_path_(std::move(socket_path)), lock_(std::move(lock)) {}

  std::string socket_path_;
  sys::UniqueFd lock_;
};

// The process' umask for a scope. Threading: the umask is the whole process', so use it before other threads
// make files. SocketClaim's sockets are bound under kSocketUmask, so that they are never wider than 0660.
inline constexpr mode_t kSocketUmask = 0117;
class ScopedUmask {
 public:
  explicit ScopedUmask(mode_t mask);
  ~ScopedUmask();
  ScopedUmask(const ScopedUmask&) = delete;
  ScopedUmask& operator=(const ScopedUmask&) = delete;

 private:
  mode_t before_;
};

}  // namespace listenq::base

#endif  // LISTENQ_BASE_UNIX_SOCKET_H_
