#include "agent/collect/netns_thread.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/collect/sysctl_path.h"
#include "agent/model/sysctl.h"
#include "agent/sys/status.h"

namespace listenq::collect {
namespace {

constexpr char kThreadNamespace[] = "/proc/thread-self/ns/net";

Handle OpenHandle(int folder, const char* path) {
  Handle handle;
  handle.fd.reset(openat(folder, path, O_RDONLY | O_CLOEXEC));
  if (!handle.fd.valid()) handle.error_number = errno;
  return handle;
}

void OpenSockDiag(bool with_cookie, Handles* handles) {
  handles->sock_diag.fd.reset(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!handles->sock_diag.fd.valid()) {
    handles->sock_diag.error_number = errno;
    return;
  }
  if (!with_cookie) return;
  uint64_t cookie = 0;
  socklen_t length = sizeof(cookie);
  if (getsockopt(handles->sock_diag.fd.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) == 0) {
    handles->cookie = cookie;
  }
}

// `net` is a folder descriptor of /proc/thread-self/net: it follows the thread, so that what is opened below
// it belongs to the namespace that the thread stands in.
Handles OpenInside(const HandleSet& what, int net) {
  Handles handles;
  if (what.sock_diag) OpenSockDiag(what.cookie, &handles);
  if (what.drop_counters) {
    handles.netstat = OpenHandle(net, "netstat");
    handles.sockstat = OpenHandle(net, "sockstat");
  }
  if (what.other_counters) {
    handles.snmp = OpenHandle(net, "snmp");
    handles.sockstat6 = OpenHandle(net, "sockstat6");
  }
  if (what.tcp_tables) {
    handles.tcp = OpenHandle(net, "tcp");
    handles.tcp6 = OpenHandle(net, "tcp6");
  }
  for (const size_t index : what.sysctls) {
    handles.sysctls.push_back(OpenHandle(AT_FDCWD, SysctlPath(index).c_str()));
  }
  return handles;
}

absl::Status OpenError(int error_number, const std::string& path) {
  const absl::Status status = sys::ErrnoStatus(error_number, absl::StrCat("open ", path));
  if (!absl::IsPermissionDenied(status)) return status;
  return absl::PermissionDeniedError(
      absl::StrCat(status.message(), ": needs CAP_SYS_PTRACE, or a bind mount of the namespace"));
}

// The namespace file behind the first of the paths that leads to `id`.
absl::StatusOr<sys::UniqueFd> OpenNamespace(const Visit& visit) {
  absl::Status first_error = absl::NotFoundError("enter network namespace: nothing leads to it any more");
  bool has_error = false;
  for (const std::string& path : visit.paths) {
    sys::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const int error = errno;
    absl::Status status = absl::OkStatus();
    if (!fd.valid()) {
      status = OpenError(error, path);
    } else {
      const auto id = sys::StatFd(fd.get(), path);
      if (id.ok() && *id == visit.id) return fd;
      status = absl::NotFoundError(absl::StrCat("enter ", path, ": it shows another namespace now"));
    }
    // "Gone" by one way says nothing as long as another way may be forbidden: that one is the news.
    if (!has_error || (absl::IsNotFound(first_error) && !absl::IsNotFound(status))) first_error = status;
    has_error = true;
  }
  return first_error;
}

absl::Status EnterError(int error_number, const Visit& visit) {
  const absl::Status status = sys::ErrnoStatus(
      error_number, absl::StrCat("enter network namespace ", visit.id.inode, " by ", visit.paths.front()));
  if (!absl::IsPermissionDenied(status)) return status;
  return absl::PermissionDeniedError(absl::StrCat(status.message(), ": needs CAP_SYS_ADMIN"));
}

// Where the thread was born, and whether it stands there.
struct Home {
  sys::UniqueFd fd;
  sys::FileId id;
  bool away = false;

  static Home Find() {
    Home home;
    home.fd.reset(open(kThreadNamespace, O_RDONLY | O_CLOEXEC));
    if (const auto id = sys::StatFd(home.fd.get(), kThreadNamespace); id.ok()) home.id = *id;
    return home;
  }
  bool Return() {
    if (away && setns(fd.get(), CLONE_NEWNET) != 0) return false;
    away = false;
    return true;
  }
};

absl::StatusOr<Handles> VisitOne(const Visit& visit, int net, Home* home) {
  if (visit.id == home->id) {
    if (!home->Return()) return absl::InternalError("leave a network namespace: setns failed");
    return OpenInside(visit.what, net);
  }
  ASSIGN_OR_RETURN(const sys::UniqueFd fd, OpenNamespace(visit));
  if (setns(fd.get(), CLONE_NEWNET) != 0) return EnterError(errno, visit);
  home->away = true;
  return OpenInside(visit.what, net);
}

}  // namespace

NetnsThread::~NetnsThread() { Stop(); }

void NetnsThread::Stop() {
  if (!thread_.joinable()) return;
  {
    const sys::MutexLock lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  thread_.join();
  const sys::MutexLock lock(mutex_);
  stop_ = false;
  tainted_ = false;
}

std::vector<absl::StatusOr<Handles>> NetnsThread::Open(absl::Span<const Visit> visits) {
  bool tainted = false;
  {
    const sys::MutexLock lock(mutex_);
    tainted = tainted_;
  }
  if (tainted) Stop();
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
  sys::MutexLock lock(mutex_);
  job_ = &visits;
  changed_.notify_all();
  while (job_ != nullptr) lock.Wait(changed_);
  return std::move(results_);
}

void NetnsThread::Run() {
  Home home = Home::Find();
  const sys::UniqueFd net(open("/proc/thread-self/net", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (;;) {
    absl::Span<const Visit> visits;
    {
      sys::MutexLock lock(mutex_);
      while (!stop_ && job_ == nullptr) lock.Wait(changed_);
      if (stop_) return;
      visits = *job_;
    }
    std::vector<absl::StatusOr<Handles>> results;
    results.reserve(visits.size());
    // From namespace to namespace without going home between: one setns(2) each.
    for (const Visit& visit : visits) results.push_back(VisitOne(visit, net.get(), &home));
    const bool is_home = home.Return();
    const sys::MutexLock lock(mutex_);
    results_ = std::move(results);
    job_ = nullptr;
    tainted_ = !is_home;
    changed_.notify_all();
    if (!is_home) return;
  }
}

}  // namespace listenq::collect
