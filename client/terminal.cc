#include "client/terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "agent/sys/status.h"

namespace listenq::client {
namespace {

constexpr char kEnter[] = "\x1b[?1049h\x1b[?25l";
constexpr char kLeave[] = "\x1b[?25h\x1b[?1049l";

sigset_t LiveSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int number : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) sigaddset(&signals, number);
  return signals;
}

int PollTimeout(absl::Duration timeout) {
  if (timeout == absl::InfiniteDuration()) return -1;
  return static_cast<int>(std::clamp<int64_t>(
      absl::ToInt64Milliseconds(absl::Ceil(timeout, absl::Milliseconds(1))), 0, 3'600'000));
}

}  // namespace

bool IsTerminal(int fd) { return isatty(fd) == 1; }

std::optional<ScreenSize> SizeOf(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return std::nullopt;
  return ScreenSize{.columns = size.ws_col, .rows = size.ws_row};
}

std::optional<size_t> WidthOf(int fd, const char* columns_variable) {
  uint32_t columns = 0;
  if (columns_variable != nullptr && absl::SimpleAtoi(columns_variable, &columns) && columns > 0)
    return columns;
  const auto size = SizeOf(fd);
  if (!size) return std::nullopt;
  return size->columns;
}

bool WantsColor(ColorMode mode, bool is_terminal, const char* no_color, const char* term) {
  if (mode != ColorMode::kAuto) return mode == ColorMode::kAlways;
  if (no_color != nullptr && *no_color != '\0') return false;
  if (term == nullptr || absl::string_view(term) == "dumb") return false;
  return is_terminal;
}

absl::Status WriteAll(int fd, absl::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0) {
      const int error = errno;
      if (error == EINTR) continue;
      if (error == EPIPE) return absl::AbortedError("nobody reads standard output");
      if (error != EAGAIN) return sys::ErrnoStatus(error, "write standard output");
      pollfd writable = {.fd = fd, .events = POLLOUT, .revents = 0};
      poll(&writable, 1, -1);
      continue;
    }
    text.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

void LiveScreen::BlockSignals() {
  const sigset_t signals = LiveSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

LiveScreen::LiveScreen() : has_keys_(tcgetattr(STDIN_FILENO, &before_) == 0) {
  const sigset_t signals = LiveSignals();
  signals_.reset(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  Enter();
}

LiveScreen::~LiveScreen() { Leave(); }

void LiveScreen::Enter() {
  if (has_keys_) {
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  WriteAll(STDOUT_FILENO, kEnter).IgnoreError();
}

void LiveScreen::Leave() {
  WriteAll(STDOUT_FILENO, kLeave).IgnoreError();
  if (has_keys_) tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
}

void LiveScreen::Suspend() {
  Leave();
  kill(0, SIGTSTP);
  Enter();
}

ScreenSize LiveScreen::size() { return SizeOf(STDOUT_FILENO).value_or(ScreenSize{}); }

std::optional<LiveScreen::Event> LiveScreen::ReadKeys() {
  constexpr char kCtrlC = 0x03;
  constexpr char kCtrlD = 0x04;
  constexpr char kCtrlZ = 0x1a;
  char keys[64];
  const ssize_t count = read(STDIN_FILENO, keys, sizeof(keys));
  // The terminal is gone.
  if (count <= 0) return Event::kQuit;
  for (ssize_t i = 0; i < count; ++i) {
    if (keys[i] == 'q' || keys[i] == 'Q' || keys[i] == kCtrlC || keys[i] == kCtrlD) return Event::kQuit;
    if (keys[i] != kCtrlZ) continue;
    Suspend();
    return Event::kResized;
  }
  return std::nullopt;
}

LiveScreen::Event LiveScreen::ReadSignal() {
  signalfd_siginfo info{};
  if (read(signals_.get(), &info, sizeof(info)) != sizeof(info)) return Event::kTick;
  return info.ssi_signo == SIGWINCH ? Event::kResized : Event::kQuit;
}

LiveScreen::Event LiveScreen::Wait(int done_fd, absl::Duration timeout) {
  const absl::Time end = absl::Now() + timeout;
  while (true) {
    pollfd polled[] = {{.fd = has_keys_ ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0},
                       {.fd = signals_.get(), .events = POLLIN, .revents = 0},
                       {.fd = done_fd, .events = POLLIN, .revents = 0}};
    const int ready = poll(polled, std::size(polled), PollTimeout(end - absl::Now()));
    if (ready < 0 && errno != EINTR) return Event::kQuit;
    if (ready == 0) return Event::kTick;
    if (ready < 0) continue;
    if (polled[1].revents != 0) return ReadSignal();
    if (polled[2].revents != 0) return Event::kDone;
    if (const auto event = ReadKeys()) return *event;
  }
}

absl::Status LiveScreen::Draw(absl::string_view picture) {
  std::string text = "\x1b[H";
  size_t row = 0;
  const size_t rows = size().rows;
  for (absl::string_view line : absl::StrSplit(picture, '\n')) {
    if (row == rows) break;
    if (row++ > 0) text += "\n";
    absl::StrAppend(&text, line, "\x1b[K");
  }
  text += "\x1b[J";
  return WriteAll(STDOUT_FILENO, text);
}

}  // namespace listenq::client
