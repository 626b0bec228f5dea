#include "tests/bench/own_machine.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "agent/sys/file.h"
#include "agent/sys/status.h"
#include "agent/sys/unique_fd.h"
#include "tests/support/test_netns.h"

namespace listenq::bench {
namespace {

constexpr size_t kMaxOutput = size_t{1} << 20;

void Mount(const char* type, const char* folder) {
  if (mount(type, folder, type, 0, nullptr) != 0) {
    test::Die(absl::StrCat("mount ", type, " at ", folder, ": ", strerror(errno)));
  }
}

// PID 1 of the new machine: gathers the dead until `worker` is one of them.
[[noreturn]] void BeInit(pid_t worker) {
  int status = 0;
  for (;;) {
    const pid_t ended = waitpid(-1, &status, 0);
    if (ended == worker) _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    if (ended < 0 && errno != EINTR) _exit(1);
  }
}

[[noreturn]] void BootMachine(const std::function<int(int)>& function, int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) test::Die("make mounts private");
  Mount("proc", "/proc");
  Mount("tmpfs", "/run");
  mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, nullptr);
  const pid_t worker = fork();
  if (worker < 0) test::Die("fork");
  if (worker == 0) {
    const int code = function(output);
    fflush(nullptr);
    _exit(code);
  }
  close(output);
  BeInit(worker);
}

// The process between: its children are in the new PID namespace, it is not.
[[noreturn]] void StartMachine(const std::function<int(int)>& function, int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) {
    test::Die(absl::StrCat("unshare PID and mount namespaces: ", strerror(errno)));
  }
  const pid_t init = fork();
  if (init < 0) test::Die("fork");
  if (init == 0) BootMachine(function, output);
  close(output);
  int status = 0;
  while (waitpid(init, &status, 0) < 0 && errno == EINTR) {
  }
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

}  // namespace

absl::StatusOr<std::string> RunOnOwnMachine(const std::function<int(int output)>& function) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return sys::ErrnoStatus(errno, "create pipe");
  const sys::UniqueFd from_child(ends[0]);
  sys::UniqueFd to_parent(ends[1]);
  fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) return sys::ErrnoStatus(errno, "fork");
  if (child == 0) StartMachine(function, to_parent.get());
  to_parent.reset();
  std::string output;
  const absl::Status read = sys::ReadAll(from_child.get(), "output", &output, kMaxOutput);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  RETURN_IF_ERROR(read);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return absl::AbortedError(absl::StrCat("run: ended with wait status ", status, "\n", output));
  }
  return output;
}

}  // namespace listenq::bench
