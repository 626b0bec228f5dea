#include "client/forward_keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/subprocess.h"
#include "client/terminal.h"

namespace listenq::client {
namespace {

// What is kept of standard error: its end.
constexpr size_t kMaxErrors = 4096;
// Between SIGTERM and SIGKILL.
constexpr int kGraceMillis = 1000;

class Keeper {
 public:
  Keeper(sys::UniqueFd lifeline, sys::UniqueFd report)
      : lifeline_(std::move(lifeline)), report_(std::move(report)) {}

  void Run(const std::vector<std::string>& argv);

 private:
  // Whether kubectl still runs and is still wanted.
  bool Step();
  bool ReadOutput();
  bool ReadErrors();
  void End();
  void Report(absl::string_view text) { WriteAll(report_.get(), text).IgnoreError(); }

  sys::UniqueFd lifeline_;
  sys::UniqueFd report_;
  sys::UniqueFd child_signals_;
  Subprocess kubectl_;
  bool has_port_ = false;
  std::string output_;
  std::string errors_;
};

// The report is read by the client only when it wants to know: nothing is written to it but the port and the
// end, so that it is never full.
bool Keeper::ReadOutput() {
  char bytes[4096];
  const ssize_t count = read(kubectl_.out.get(), bytes, sizeof(bytes));
  if (count <= 0) return count < 0 && errno == EINTR;
  if (has_port_) return true;
  output_.append(bytes, static_cast<size_t>(count));
  const auto port = ForwardedPort(output_);
  if (!port) return true;
  has_port_ = true;
  Report(absl::StrCat(kPortWord, *port, "\n"));
  return true;
}

bool Keeper::ReadErrors() {
  char bytes[4096];
  const ssize_t count = read(kubectl_.err.get(), bytes, sizeof(bytes));
  if (count <= 0) return count < 0 && errno == EINTR;
  errors_.append(bytes, static_cast<size_t>(count));
  if (errors_.size() > kMaxErrors) errors_.erase(0, errors_.size() - kMaxErrors);
  return true;
}

bool Keeper::Step() {
  std::array<pollfd, 4> polled = {{{.fd = lifeline_.get(), .events = POLLIN, .revents = 0},
                                   {.fd = child_signals_.get(), .events = POLLIN, .revents = 0},
                                   {.fd = kubectl_.out.get(), .events = POLLIN, .revents = 0},
                                   {.fd = kubectl_.err.get(), .events = POLLIN, .revents = 0}}};
  if (poll(polled.data(), polled.size(), -1) < 0) return errno == EINTR;
  if (polled[2].revents != 0 && !ReadOutput()) kubectl_.out.reset();
  if (polled[3].revents != 0 && !ReadErrors()) kubectl_.err.reset();
  return polled[0].revents == 0 && polled[1].revents == 0;
}

// All of its group: $KUBECTL may be a script that runs kubectl. Reaped after that, so that the group's number
// is still its own.
void Keeper::End() {
  kill(-kubectl_.pid, SIGTERM);
  pollfd ended = {.fd = child_signals_.get(), .events = POLLIN, .revents = 0};
  poll(&ended, 1, kGraceMillis);
  kill(-kubectl_.pid, SIGKILL);
  while (waitpid(kubectl_.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Keeper::Run(const std::vector<std::string>& argv) {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, nullptr);
  child_signals_.reset(signalfd(-1, &child, SFD_CLOEXEC));
  auto kubectl = StartProgram(argv, ProcessGroup::kOwn);
  if (!kubectl.ok()) return Report(absl::StrCat(kFailedWord, kubectl.status().message(), "\n"));
  kubectl_ = *std::move(kubectl);
  for (const sys::UniqueFd* fd : {&kubectl_.out, &kubectl_.err}) fcntl(fd->get(), F_SETFL, O_NONBLOCK);
  while (Step()) {
  }
  End();
  while (kubectl_.err.valid() && ReadErrors()) {
  }
  Report(absl::StrCat(kEndedWord, "\n", errors_));
}

// Whoever reads our standard output waits for all that hold it.
void LetGoOfStandardFiles() {
  const sys::UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(null.get(), fd);
}

}  // namespace

void KeepForward(const std::vector<std::string>& argv, sys::UniqueFd lifeline, sys::UniqueFd report) {
  setpgid(0, 0);
  prctl(PR_SET_NAME, "listenq-forward");
  LetGoOfStandardFiles();
  signal(SIGPIPE, SIG_IGN);
  Keeper(std::move(lifeline), std::move(report)).Run(argv);
  _exit(0);
}

std::optional<uint16_t> ForwardedPort(absl::string_view output) {
  constexpr absl::string_view kBefore = "Forwarding from 127.0.0.1:";
  const size_t at = output.find(kBefore);
  if (at == absl::string_view::npos) return std::nullopt;
  output.remove_prefix(at + kBefore.size());
  const size_t end = output.find(' ');
  uint32_t port = 0;
  if (end == absl::string_view::npos || !absl::SimpleAtoi(output.substr(0, end), &port)) return std::nullopt;
  return port >= 1 && port <= 65535 ? std::optional<uint16_t>(port) : std::nullopt;
}

}  // namespace listenq::client
