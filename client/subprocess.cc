#include "client/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "agent/sys/status.h"

namespace listenq::client {
namespace {

constexpr size_t kMaxBytes = size_t{64} << 20;
constexpr absl::Duration kSlow = absl::Seconds(2);

struct Pipe {
  sys::UniqueFd read;
  sys::UniqueFd write;
};

absl::StatusOr<Pipe> MakePipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return sys::ErrnoStatus(errno, "make a pipe");
  return Pipe{.read = sys::UniqueFd(fds[0]), .write = sys::UniqueFd(fds[1])};
}

// What the child does until it is the program.
struct Launch {
  std::vector<char*> argv;
  bool own_group = false;
  int out = -1;
  int err = -1;
  // Takes errno when the program can't be executed; closed by executing it.
  int report = -1;
  pid_t parent = -1;
};

// Signals that this process blocks or ignores would stay so in the program.
void ResetSignals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
}

[[noreturn]] void BecomeProgram(const Launch& launch) {
  if (launch.own_group) setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  // The parent may have ended before that.
  if (getppid() != launch.parent) _exit(1);
  ResetSignals();
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null >= 0) dup2(null, STDIN_FILENO);
  dup2(launch.out, STDOUT_FILENO);
  dup2(launch.err, STDERR_FILENO);
  execvp(launch.argv[0], launch.argv.data());
  const int error = errno;
  [[maybe_unused]] const ssize_t written = write(launch.report, &error, sizeof(error));
  _exit(127);
}

void Reap(pid_t pid, int* status) {
  while (waitpid(pid, status, 0) < 0 && errno == EINTR) {
  }
}

// 0 when the program was executed.
int ReadReport(int fd) {
  int error = 0;
  ssize_t count = 0;
  do {
    count = read(fd, &error, sizeof(error));
  } while (count < 0 && errno == EINTR);
  return count == sizeof(error) ? error : 0;
}

int PollTimeout(absl::Duration left) {
  if (left == absl::InfiniteDuration()) return -1;
  return static_cast<int>(
      std::clamp<int64_t>(absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1))), 0, 3'600'000));
}

// Reads a program's output until it closes both.
class Collector {
 public:
  Collector(Subprocess& process, const std::function<void(absl::string_view)>& slow)
      : process_(process), slow_(slow) {}

  absl::Status Collect(absl::Time deadline);
  ProgramOutput& output() { return output_; }

 private:
  static void Read(sys::UniqueFd& fd, std::string& text);
  void Show();

  Subprocess& process_;
  const std::function<void(absl::string_view)>& slow_;
  absl::Time start_ = absl::Now();
  size_t shown_ = 0;
  ProgramOutput output_;
};

void Collector::Read(sys::UniqueFd& fd, std::string& text) {
  char bytes[16384];
  const ssize_t count = read(fd.get(), bytes, sizeof(bytes));
  if (count > 0) text.append(bytes, static_cast<size_t>(count));
  if (count == 0 || (count < 0 && errno != EINTR)) fd.reset();
}

void Collector::Show() {
  if (absl::Now() - start_ < kSlow || shown_ == output_.err.size()) return;
  slow_(absl::string_view(output_.err).substr(shown_));
  shown_ = output_.err.size();
}

absl::Status Collector::Collect(absl::Time deadline) {
  while (process_.out.valid() || process_.err.valid()) {
    const absl::Time now = absl::Now();
    if (now >= deadline) return absl::DeadlineExceededError("it took too long");
    if (output_.out.size() + output_.err.size() > kMaxBytes) {
      return absl::ResourceExhaustedError("it wrote more than 64 MiB");
    }
    // poll passes over -1.
    pollfd polled[] = {{.fd = process_.out.get(), .events = POLLIN, .revents = 0},
                       {.fd = process_.err.get(), .events = POLLIN, .revents = 0}};
    const bool waits_to_show = shown_ < output_.err.size();
    const absl::Time wake = waits_to_show ? std::min(deadline, std::max(now, start_ + kSlow)) : deadline;
    if (poll(polled, std::size(polled), PollTimeout(wake - now)) < 0 && errno != EINTR) {
      return sys::ErrnoStatus(errno, "poll its output");
    }
    if (polled[0].revents != 0) Read(process_.out, output_.out);
    if (polled[1].revents != 0) Read(process_.err, output_.err);
    Show();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Subprocess> StartProgram(const std::vector<std::string>& argv, ProcessGroup group) {
  ASSIGN_OR_RETURN(Pipe out, MakePipe());
  ASSIGN_OR_RETURN(Pipe err, MakePipe());
  ASSIGN_OR_RETURN(Pipe report, MakePipe());
  Launch launch = {.own_group = group == ProcessGroup::kOwn,
                   .out = out.write.get(),
                   .err = err.write.get(),
                   .report = report.write.get(),
                   .parent = getpid()};
  for (const std::string& word : argv) launch.argv.push_back(const_cast<char*>(word.c_str()));
  launch.argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid < 0) return sys::ErrnoStatus(errno, absl::StrCat("start ", argv[0]));
  if (pid == 0) BecomeProgram(launch);
  // In both, so that the group is there whoever runs first.
  if (launch.own_group) setpgid(pid, pid);
  report.write.reset();
  if (const int error = ReadReport(report.read.get()); error != 0) {
    Reap(pid, nullptr);
    return sys::ErrnoStatus(error, absl::StrCat("start ", argv[0]));
  }
  return Subprocess{.pid = pid, .out = std::move(out.read), .err = std::move(err.read)};
}

absl::StatusOr<ProgramOutput> RunProgram(const std::vector<std::string>& argv, absl::Time deadline,
                                         const std::function<void(absl::string_view)>& slow) {
  ASSIGN_OR_RETURN(Subprocess process, StartProgram(argv, ProcessGroup::kOurs));
  Collector collector(process, slow);
  const absl::Status collected = collector.Collect(deadline);
  if (!collected.ok()) kill(process.pid, SIGKILL);
  int status = 0;
  Reap(process.pid, &status);
  if (!collected.ok()) return collected;
  ProgramOutput output = std::move(collector.output());
  output.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return output;
}

}  // namespace listenq::client
