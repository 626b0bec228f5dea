// The terminal: what it is, and the whole of its screen for a live picture.
#ifndef LISTENQ_CLIENT_TERMINAL_H_
#define LISTENQ_CLIENT_TERMINAL_H_

#include <termios.h>

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "agent/sys/unique_fd.h"
#include "client/options.h"

namespace listenq::client {

bool IsTerminal(int fd);

struct ScreenSize {
  size_t columns = 80;
  size_t rows = 24;
};
// Absent when `fd` is no terminal or has no size.
std::optional<ScreenSize> SizeOf(int fd);

// Columns to fit to: `columns_variable` (COLUMNS) if it is a number, else those of `fd`; absent is unknown.
std::optional<size_t> WidthOf(int fd, const char* columns_variable);

// Variables may be null. NO_COLOR counts when it is not empty.
bool WantsColor(ColorMode mode, bool is_terminal, const char* no_color, const char* term);

// All of it, whatever it takes. EPIPE is Aborted: nobody reads any more, which is no failure.
absl::Status WriteAll(int fd, absl::string_view text);

// Takes the terminal over: another screen, no cursor, keys at once. The destructor gives it back.
//
// Threading: one thread; BlockSignals before any other thread starts. Failure: without a terminal on stdin
// there are no keys, only signals.
class LiveScreen {
 public:
  enum class Event { kTick, kDone, kQuit, kResized };

  // SIGINT, SIGTERM, SIGHUP and SIGWINCH become events of this class, for all threads started from now on.
  static void BlockSignals();

  LiveScreen();
  ~LiveScreen();
  LiveScreen(const LiveScreen&) = delete;
  LiveScreen& operator=(const LiveScreen&) = delete;

  // Until a key or a signal wants something, `done_fd` (an eventfd, -1 for none) has something to read, or
  // the timeout passes (infinite is allowed).
  Event Wait(int done_fd, absl::Duration timeout);

  // Lines of `picture` beyond the screen are left out.
  static absl::Status Draw(absl::string_view picture);

  [[nodiscard]] static ScreenSize size();

 private:
  void Enter();
  void Leave();
  void Suspend();
  std::optional<Event> ReadKeys();
  Event ReadSignal();

  // Before has_keys_, whose initializer fills it.
  termios before_{};
  bool has_keys_;
  sys::UniqueFd signals_;
};

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_TERMINAL_H_
