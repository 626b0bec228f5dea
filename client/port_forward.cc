#include "client/port_forward.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "agent/sys/status.h"
#include "client/forward_keeper.h"

namespace listenq::client {
namespace {

// For the keeper to end kubectl: longer than it takes at most.
constexpr absl::Duration kPatience = absl::Seconds(3);

int PollTimeout(absl::Time deadline) {
  if (deadline == absl::InfiniteFuture()) return -1;
  const absl::Duration left = absl::Ceil(deadline - absl::Now(), absl::Milliseconds(1));
  return static_cast<int>(std::clamp<int64_t>(absl::ToInt64Milliseconds(left), 0, 3'600'000));
}

}  // namespace

PortForward::PortForward(pid_t keeper, sys::UniqueFd lifeline, sys::UniqueFd report)
    : keeper_(keeper), lifeline_(std::move(lifeline)), report_(std::move(report)) {}

absl::StatusOr<std::unique_ptr<PortForward>> PortForward::Start(const std::vector<std::string>& argv,
                                                                absl::Time deadline) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return sys::ErrnoStatus(errno, "make a pipe");
  sys::UniqueFd watched(fds[0]);
  sys::UniqueFd held(fds[1]);
  if (pipe2(fds, O_CLOEXEC) != 0) return sys::ErrnoStatus(errno, "make a pipe");
  sys::UniqueFd report(fds[0]);
  sys::UniqueFd reporting(fds[1]);
  const pid_t keeper = fork();
  if (keeper < 0) return sys::ErrnoStatus(errno, "start a process");
  if (keeper == 0) {
    held.reset();
    report.reset();
    KeepForward(argv, std::move(watched), std::move(reporting));
  }
  std::unique_ptr<PortForward> forward(new PortForward(keeper, std::move(held), std::move(report)));
  reporting.reset();
  RETURN_IF_ERROR(forward->AwaitPort(deadline));
  return forward;
}

PortForward::~PortForward() {
  lifeline_.reset();
  // The keeper closes its report by ending.
  if (!ReadReport(absl::Now() + kPatience, /*until_line=*/false)) kill(keeper_, SIGKILL);
  while (waitpid(keeper_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool PortForward::ReadReport(absl::Time deadline, bool until_line) {
  while (!until_line || reported_.find('\n') == std::string::npos) {
    pollfd polled = {.fd = report_.get(), .events = POLLIN, .revents = 0};
    const int ready = poll(&polled, 1, PollTimeout(deadline));
    if (ready == 0) return false;
    char bytes[4096];
    const ssize_t count = ready < 0 ? -1 : read(report_.get(), bytes, sizeof(bytes));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return true;
    reported_.append(bytes, static_cast<size_t>(count));
  }
  return false;
}

absl::Status PortForward::AwaitPort(absl::Time deadline) {
  const bool has_ended = ReadReport(deadline, /*until_line=*/true);
  absl::string_view said = reported_;
  uint32_t port = 0;
  if (absl::ConsumePrefix(&said, kPortWord) && absl::SimpleAtoi(said.substr(0, said.find('\n')), &port)) {
    port_ = static_cast<uint16_t>(port);
    reported_.erase(0, reported_.find('\n') + 1);
    return absl::OkStatus();
  }
  if (absl::ConsumePrefix(&said, kFailedWord)) {
    return absl::NotFoundError(absl::StripSuffix(said, "\n"));
  }
  if (!has_ended && said.empty()) return absl::DeadlineExceededError("it took too long");
  return absl::UnavailableError(WhyEnded(kPatience).value_or(""));
}

std::optional<std::string> PortForward::WhyEnded(absl::Duration patience) {
  if (!ReadReport(absl::Now() + patience, /*until_line=*/false)) return std::nullopt;
  absl::string_view said = reported_;
  absl::ConsumePrefix(&said, kEndedWord);
  absl::ConsumePrefix(&said, "\n");
  return std::string(said);
}

}  // namespace listenq::client
