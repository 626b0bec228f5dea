#include "tests/e2e/machine.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <net/if.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "agent/sys/file.h"
#include "tests/e2e/cri.h"
#include "tests/support/program.h"
#include "tests/support/skip.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::test {
namespace {

namespace fs = std::filesystem;

constexpr char kPluginFolder[] = "/usr/lib/cni";
// In the environment of every process that this program starts.
constexpr char kMark[] = "LISTENQ_E2E_TEST";
constexpr char kShimSockets[] = "/run/containerd/s";
constexpr char kCniResults[] = "/var/lib/cni/results";
// A pod in flight when its client died: containerd undoes the call.
constexpr absl::Duration kUndoTime = absl::Seconds(2);

std::string ReadOrEmpty(const std::string& path) { return sys::ReadFile(path).value_or(""); }

std::vector<std::string> ListOrNone(const std::string& folder) {
  return sys::ListFolder(folder).value_or(std::vector<std::string>());
}

// ---- processes -----------------------------------------------------------------------------------------

// A zombie has ended: a slow init may leave it for long.
bool IsAlive(pid_t pid) {
  const std::string stat = ReadOrEmpty(absl::StrCat("/proc/", pid, "/stat"));
  const size_t at = stat.rfind(") ");
  return at != std::string::npos && stat[at + 2] != 'Z';
}

// The processes of the pods, by their cgroup; containerd, its shims and whatever else this program started,
// by what they inherited.
bool IsOurs(const std::string& pid) {
  const std::string inside = absl::StrCat(":/", kCgroup, "/");
  return absl::StrContains(ReadOrEmpty(absl::StrCat("/proc/", pid, "/cgroup")), inside) ||
         absl::StrContains(ReadOrEmpty(absl::StrCat("/proc/", pid, "/environ")), absl::StrCat(kMark, "=1"));
}

std::vector<pid_t> OurProcesses() {
  std::vector<pid_t> pids;
  for (const std::string& name : ListOrNone("/proc")) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(name, &pid) || pid == getpid()) continue;
    if (IsOurs(name) && IsAlive(pid)) pids.push_back(pid);
  }
  return pids;
}

// In rounds: until the shims are dead, they may start what was not there yet.
bool KillProcesses() {
  return WaitUntil([] {
    const std::vector<pid_t> pids = OurProcesses();
    for (const pid_t pid : pids) kill(pid, SIGKILL);
    return pids.empty();
  });
}

// ---- what containerd made outside of the folder ----------------------------------------------------------

// What was there, and what was not, before this run.
std::string FoldersAbsent() { return absl::StrCat(kFolder, "/folders-absent"); }
std::string SocketsBefore() { return absl::StrCat(kFolder, "/sockets-before"); }

void RemovePin(const std::string& path) {
  umount2(path.c_str(), MNT_DETACH);
  unlink(path.c_str());
}

// CNI keeps the answers of its plugins, with the path of the namespace, until the network is taken away:
// "NETWORK-CONTAINER-INTERFACE".
void RemovePins() {
  constexpr char kPin[] = "/var/run/netns/";
  for (const std::string& name : ListOrNone(kCniResults)) {
    if (!absl::StartsWith(name, absl::StrCat(kNetwork, "-"))) continue;
    const std::string path = absl::StrCat(kCniResults, "/", name);
    const std::string result = ReadOrEmpty(path);
    if (const size_t at = result.find(kPin); at != std::string::npos) {
      RemovePin(result.substr(at, result.find('"', at) - at));
    }
    unlink(path.c_str());
    const std::vector<std::string> parts = absl::StrSplit(name, '-');
    unlink(absl::StrCat(kCniResults, "/cni-loopback-", parts[parts.size() - 2], "-lo").c_str());
  }
}

// A shim's socket has a name by which nobody can tell whose it is. Those that came since MakeFolder() and
// have no shim any more are removed.
void RemoveShimSockets() {
  const std::vector<std::string> names = ListOrNone(kShimSockets);
  const std::string before = ReadOrEmpty(SocketsBefore());
  const std::string bound = ReadOrEmpty("/proc/net/unix");
  for (const std::string& name : names) {
    if (absl::StrContains(before, name) || absl::StrContains(bound, name)) continue;
    unlink(absl::StrCat(kShimSockets, "/", name).c_str());
  }
}

// Folders that the runtime and CNI make outside of ours: deepest first.
constexpr std::array kSharedFolders = {kShimSockets, "/run/containerd", kCniResults, "/var/lib/cni"};

void RemoveSharedFolders() {
  const std::string absent = ReadOrEmpty(FoldersAbsent());
  for (const char* folder : kSharedFolders) {
    if (absl::StrContains(absent, absl::StrCat(folder, "\n"))) rmdir(folder);  // if empty
  }
}

// Deepest first, as they came later.
void Unmount() {
  std::vector<std::string> paths;
  const std::string mounts = ReadOrEmpty("/proc/self/mounts");
  for (const absl::string_view line : absl::StrSplit(mounts, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> fields = absl::StrSplit(line, ' ');
    if (absl::StartsWith(fields[1], absl::StrCat(kFolder, "/"))) paths.push_back(fields[1]);
  }
  for (auto path = paths.rbegin(); path != paths.rend(); ++path) umount2(path->c_str(), MNT_DETACH);
}

void RemoveCgroup(const std::string& path) {
  for (const std::string& name : ListOrNone(path)) {
    const std::string child = absl::StrCat(path, "/", name);
    if (fs::is_directory(child)) RemoveCgroup(child);
  }
  rmdir(path.c_str());
}

// The one hierarchy of cgroup v2, or each of v1.
std::vector<std::string> CgroupFolders() {
  std::vector<std::string> found;
  std::vector<std::string> hierarchies = {""};
  for (const std::string& name : ListOrNone("/sys/fs/cgroup")) hierarchies.push_back(absl::StrCat("/", name));
  for (const std::string& hierarchy : hierarchies) {
    const std::string path = absl::StrCat("/sys/fs/cgroup", hierarchy, "/", kCgroup);
    if (access(path.c_str(), F_OK) == 0) found.push_back(path);
  }
  return found;
}

bool RemoveCgroups() {
  // The kernel gives a cgroup free a moment after its last process.
  return WaitUntil([] {
    for (const std::string& path : CgroupFolders()) RemoveCgroup(path);
    return CgroupFolders().empty();
  });
}

bool RemoveBridge() {
  if (if_nametoindex(kBridge) == 0) return true;
  return RunProgram({"/usr/bin/env", "ip", "link", "delete", kBridge}).code == 0;
}

bool RemoveFolder() {
  if (absl::StrContains(ReadOrEmpty("/proc/self/mounts"), absl::StrCat(kFolder, "/"))) return false;
  std::error_code error;
  fs::remove_all(kFolder, error);
  return !error;
}

// ---- by the runtime --------------------------------------------------------------------------------------

void StopPods() {
  if (access(kSocket, F_OK) != 0) return;
  const Cri cri(kEndpoint);
  if (!cri.AwaitAnswer(absl::Seconds(2)).ok()) return;
  const auto ids = cri.ListSandboxes();
  if (!ids.ok()) return;
  std::vector<std::thread> threads;
  for (const std::string& id : *ids) {
    threads.emplace_back([&cri, id] {
      if (cri.StopSandbox(id).ok()) (void)cri.RemoveSandbox(id);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

bool Report(bool ok, const char* action) {
  if (!ok) fprintf(stderr, "sweep: can't %s\n", action);
  return ok;
}

void AwaitEnd(int pid_fd) {
  pollfd entry{.fd = pid_fd, .events = POLLIN, .revents = 0};
  while (poll(&entry, 1, -1) < 0 && errno == EINTR) {
  }
}

}  // namespace

std::string WhyNoContainerd() {
  if (std::string why = WhyNotRoot(); !why.empty()) return why;
  for (const char* tool : {"containerd", "containerd-shim-runc-v2", "ctr", "runc", "ip", "ss", "nstat",
                           "sysctl", "sha256sum", "tar"}) {
    if (std::string why = WhyNoTool(tool); !why.empty()) return why;
  }
  for (const char* plugin : {"bridge", "host-local", "loopback"}) {
    const std::string path = absl::StrCat(kPluginFolder, "/", plugin);
    if (access(path.c_str(), X_OK) != 0) return absl::StrCat("needs the CNI plugin ", path);
  }
  return "";
}

sys::UniqueFd LockMachine() {
  // An abstract name: it goes with its last holder and leaves no file.
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0lqt-e2e"};
  sys::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto bound = [&] {
    return bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  };
  if (!WaitUntil(bound, absl::Minutes(5))) Die("lock the machine: another run of these tests does not end");
  return fd;
}

void StartJanitor(int lock) {
  const sys::UniqueFd self(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
  if (!self.valid()) Die("open pidfd of this process");
  const pid_t child = fork();
  if (child < 0) Die("fork");
  if (child != 0) {
    waitpid(child, nullptr, 0);
    setenv(kMark, "1", 1);
    return;
  }
  // In a session of its own: whoever kills this program's group leaves it alone.
  setsid();
  if (fork() != 0) _exit(0);
  const sys::UniqueFd null(open("/dev/null", O_WRONLY | O_CLOEXEC));
  // Neither ctest's pipe nor anything else of the program stays open.
  const std::array<int, 4> wanted = {dup(self.get()), dup(null.get()), dup(null.get()), dup(lock)};
  for (int i = 0; i < 4; ++i) dup2(wanted[i], i);
  syscall(SYS_close_range, 4U, UINT_MAX, 0U);
  execl("/proc/self/exe", "lqt-e2e-janitor", "--janitor", nullptr);
  _exit(1);
}

void MakeFolder() {
  std::error_code error;
  if (!fs::create_directory(kFolder, error)) Die(absl::StrCat("create ", kFolder, ": ", error.message()));
  std::ofstream absent(FoldersAbsent());
  for (const char* folder : kSharedFolders) {
    if (access(folder, F_OK) != 0) absent << folder << "\n";
  }
  std::ofstream sockets(SocketsBefore());
  for (const std::string& name : ListOrNone(kShimSockets)) sockets << name << "\n";
}

int RunJanitor() {
  AwaitEnd(STDIN_FILENO);
  if (access(kFolder, F_OK) != 0) return 0;
  StopPods();
  absl::SleepFor(kUndoTime);
  return SweepMachine() ? 0 : 1;
}

bool SweepMachine() {
  StopPods();
  bool ok = Report(KillProcesses(), "kill all processes");
  RemovePins();
  RemoveShimSockets();
  RemoveSharedFolders();
  Unmount();
  ok = Report(RemoveBridge(), "remove the bridge") && ok;
  ok = Report(RemoveCgroups(), "remove the cgroups") && ok;
  ok = Report(RemoveFolder(), "remove the folder") && ok;
  return ok;
}

}  // namespace listenq::test
