#include "tests/support/test_netns.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "agent/sys/file.h"
#include "agent/sys/mutex.h"
#include "agent/sys/status.h"
#include "agent/sys/unique_fd.h"
#include "tests/support/wait.h"

namespace listenq::test {
namespace {

constexpr char kFolder[] = "/run/netns";

void CheckCall(bool ok, const std::string& action) {
  if (!ok) Die(absl::StrCat(action, ": ", strerror(errno)));
}

// As iproute2's netns_add: without a shared mount, other mount namespaces would keep a removed pin alive.
void PrepareFolder() {
  CheckCall(mkdir(kFolder, 0755) == 0 || errno == EEXIST, absl::StrCat("create ", kFolder));
  const sys::UniqueFd folder(open(kFolder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  CheckCall(folder.valid() && flock(folder.get(), LOCK_EX) == 0, absl::StrCat("lock ", kFolder));
  if (mount("", kFolder, "none", MS_SHARED | MS_REC, nullptr) == 0) return;
  CheckCall(errno == EINVAL && mount(kFolder, kFolder, "none", MS_BIND | MS_REC, nullptr) == 0,
            absl::StrCat("bind ", kFolder));
  CheckCall(mount("", kFolder, "none", MS_SHARED | MS_REC, nullptr) == 0, absl::StrCat("share ", kFolder));
}

void RaiseLoopback() {
  const sys::UniqueFd fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  strncpy(request.ifr_name, "lo", sizeof(request.ifr_name) - 1);
  request.ifr_flags = IFF_UP;
  CheckCall(fd.valid() && ioctl(fd.get(), SIOCSIFFLAGS, &request) == 0, "raise lo");
}

void CreatePinned(const std::string& path) {
  CheckCall(unshare(CLONE_NEWNET) == 0, "unshare network namespace");
  RaiseLoopback();
  const sys::UniqueFd file(open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0));
  CheckCall(file.valid(), absl::StrCat("create ", path));
  CheckCall(mount("/proc/thread-self/ns/net", path.c_str(), "none", MS_BIND, nullptr) == 0,
            absl::StrCat("bind ", path));
}

void RemovePin(const std::string& path) {
  umount2(path.c_str(), MNT_DETACH);
  unlink(path.c_str());
}

int OpenPidFd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

void AwaitEnd(int pid_fd) {
  pollfd entry{.fd = pid_fd, .events = POLLIN, .revents = 0};
  while (poll(&entry, 1, -1) < 0 && errno == EINTR) {
  }
}

// Leaves only `fd`, as 0: what the janitor inherits must not keep sockets, namespaces or ctest's pipe open.
void KeepOnly(int fd) {
  dup2(fd, STDIN_FILENO);
  const int null = open("/dev/null", O_WRONLY);
  dup2(null, STDOUT_FILENO);
  dup2(null, STDERR_FILENO);
  syscall(SYS_close_range, 3U, UINT_MAX, 0U);
}

[[noreturn]] void RunJanitor(int watched_pid_fd, const std::string& prefix) {
  prctl(PR_SET_NAME, "lqt-janitor");
  KeepOnly(watched_pid_fd);
  AwaitEnd(STDIN_FILENO);
  const auto names = sys::ListFolder(kFolder);
  if (!names.ok()) _exit(1);
  for (const std::string& name : *names) {
    if (absl::StartsWith(name, prefix)) RemovePin(absl::StrCat(kFolder, "/", name));
  }
  _exit(0);
}

// A process in a session of its own, so that whoever kills the program's group or children leaves it alone.
void StartJanitor(const std::string& prefix) {
  const sys::UniqueFd self(OpenPidFd(getpid()));
  CheckCall(self.valid(), "open pidfd of this process");
  fflush(nullptr);  // or a child may print what waits here once more
  const pid_t child = fork();
  CheckCall(child >= 0, "fork");
  if (child == 0) {
    setsid();
    if (fork() == 0) RunJanitor(self.get(), prefix);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
}

std::string NextName() {
  static sys::Mutex mutex;
  static pid_t janitor_of = 0;
  static int next = 1;
  const sys::MutexLock lock(mutex);
  const std::string prefix = absl::StrCat("lqt-", getpid(), "-");
  if (janitor_of != getpid()) {  // the first one of this process, which may be a fork of a test
    PrepareFolder();
    StartJanitor(prefix);
    janitor_of = getpid();
  }
  return absl::StrCat(prefix, next++);
}

std::string RunShell(const std::string& command) {
  FILE* output = popen(command.c_str(), "re");
  CheckCall(output != nullptr, absl::StrCat("run ", command));
  std::string text;
  std::array<char, 4096> buffer{};
  for (size_t count = 0; (count = fread(buffer.data(), 1, buffer.size(), output)) > 0;) {
    text.append(buffer.data(), count);
  }
  const int status = pclose(output);
  if (status != 0) Die(absl::StrCat("run ", command, ": status ", status, ", output: ", text));
  return text;
}

absl::Status WriteFile(const std::string& path, absl::string_view content) {
  const sys::UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return sys::ErrnoStatus(errno, absl::StrCat("open ", path));
  if (write(fd.get(), content.data(), content.size()) < 0) {
    return sys::ErrnoStatus(errno, absl::StrCat("write ", path));
  }
  return absl::OkStatus();
}

[[noreturn]] void LiveAsChild(int parent_pid_fd, int ready_fd, const std::function<void()>& in_child) {
  CheckCall(unshare(CLONE_NEWNET) == 0, "unshare network namespace");
  RaiseLoopback();
  if (in_child) in_child();
  CheckCall(write(ready_fd, "r", 1) == 1, "write to parent");
  close(ready_fd);
  AwaitEnd(parent_pid_fd);
  _exit(0);
}

}  // namespace

void Die(const std::string& message) {
  fprintf(stderr, "%s\n", message.c_str());
  abort();
}

void RunInNetns(const std::string& netns_path, const std::function<void()>& function) {
  std::thread([&] {
    sys::UniqueFd netns(open(netns_path.c_str(), O_RDONLY | O_CLOEXEC));
    CheckCall(netns.valid(), absl::StrCat("open ", netns_path));
    CheckCall(setns(netns.get(), CLONE_NEWNET) == 0, absl::StrCat("enter ", netns_path));
    netns.reset();
    function();
  }).join();
}

uint64_t NetnsRunner::inode() const {
  const auto id = sys::StatFile(path());
  if (!id.ok()) Die(std::string(id.status().message()));
  return id->inode;
}

std::string NetnsRunner::Exec(const std::string& command) const {
  return Run([&] { return RunShell(command); });
}

absl::Status NetnsRunner::SetSysctl(absl::string_view name, absl::string_view value) const {
  const std::string file = absl::StrCat("/proc/sys/", absl::StrReplaceAll(name, {{".", "/"}}));
  return Run([&] { return WriteFile(file, value); });
}

TestNetns::TestNetns() : name_(NextName()) {
  std::thread([this] { CreatePinned(path()); }).join();
}

TestNetns::~TestNetns() { RemovePin(path()); }

std::string TestNetns::path() const { return absl::StrCat(kFolder, "/", name_); }

UnpinnedNetns::UnpinnedNetns(const std::function<void()>& in_child) {
  std::array<int, 2> ends{};
  CheckCall(pipe2(ends.data(), O_CLOEXEC) == 0, "create pipe");
  const sys::UniqueFd from_child(ends[0]);
  sys::UniqueFd to_parent(ends[1]);
  const sys::UniqueFd self(OpenPidFd(getpid()));
  CheckCall(self.valid(), "open pidfd of this process");
  fflush(nullptr);
  pid_ = fork();
  CheckCall(pid_ >= 0, "fork");
  if (pid_ == 0) LiveAsChild(self.get(), to_parent.get(), in_child);
  to_parent.reset();
  char ready = 0;
  if (read(from_child.get(), &ready, 1) != 1) Die("start child in a new network namespace: it ended");
}

std::string UnpinnedNetns::path() const { return absl::StrCat("/proc/", pid_, "/ns/net"); }

void UnpinnedNetns::Kill() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void ConnectByVeth(const TestNetns& a, absl::string_view address_a, const TestNetns& b,
                   absl::string_view address_b) {
  // Made inside `a`: the node's own namespace never sees it.
  (void)a.Exec(
      absl::StrCat("ip link add ", kVethName, " type veth peer name ", kVethName, " netns ", b.name()));
  const auto raise = [](const TestNetns& netns, absl::string_view address) {
    // An IPv6 address is unusable until duplicate address detection ends.
    const absl::string_view option = absl::StrContains(address, ":") ? " nodad" : "";
    (void)netns.Exec(absl::StrCat("ip addr add ", address, " dev ", kVethName, option, " && ip link set ",
                                  kVethName, " up"));
  };
  raise(a, address_a);
  raise(b, address_b);
  // Until the kernel has seen the carrier, packets vanish in a qdisc of no use.
  const auto is_up = [](const TestNetns& netns) {
    const std::string link = netns.Exec(absl::StrCat("ip -o link show ", kVethName));
    return absl::StrContains(link, "state UP") && !absl::StrContains(link, "qdisc noop ");
  };
  if (!WaitUntil([&] { return is_up(a) && is_up(b); })) Die("raise veth pair: no carrier");
}

}  // namespace listenq::test
