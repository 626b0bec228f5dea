#include "client/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>

namespace listenq::client {
namespace {

TEST(WantsColor, IsForTerminalsThatAllowIt) {
  EXPECT_TRUE(WantsColor(ColorMode::kAuto, true, nullptr, "xterm"));
  EXPECT_TRUE(WantsColor(ColorMode::kAuto, true, "", "xterm"));
  EXPECT_FALSE(WantsColor(ColorMode::kAuto, true, "1", "xterm"));
  EXPECT_FALSE(WantsColor(ColorMode::kAuto, true, nullptr, "dumb"));
  EXPECT_FALSE(WantsColor(ColorMode::kAuto, true, nullptr, nullptr));
  EXPECT_FALSE(WantsColor(ColorMode::kAuto, false, nullptr, "xterm"));
}

TEST(WantsColor, ObeysTheFlag) {
  EXPECT_TRUE(WantsColor(ColorMode::kAlways, false, "1", nullptr));
  EXPECT_FALSE(WantsColor(ColorMode::kNever, true, nullptr, "xterm"));
}

TEST(WidthOf, TakesTheVariableBeforeTheTerminal) {
  EXPECT_EQ(WidthOf(-1, "72"), 72U);
  EXPECT_EQ(WidthOf(-1, "wide"), std::nullopt);
  EXPECT_EQ(WidthOf(-1, "0"), std::nullopt);
  EXPECT_EQ(WidthOf(-1, nullptr), std::nullopt);
}

TEST(WriteAll, SaysWhenNobodyReads) {
  signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  close(ends[0]);
  EXPECT_EQ(WriteAll(ends[1], "text"), absl::AbortedError("nobody reads standard output"));
  close(ends[1]);
}

TEST(WriteAll, NamesAFullDevice) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  EXPECT_EQ(WriteAll(full, "text"),
            absl::ResourceExhaustedError("write standard output: No space left on device"));
  close(full);
}

// A pseudo terminal in place of standard input and output, for a scope.
class OnPseudoTerminal {
 public:
  OnPseudoTerminal() : stdin_(dup(STDIN_FILENO)), stdout_(dup(STDOUT_FILENO)) {
    const winsize size = {.ws_row = 3, .ws_col = 40};
    EXPECT_EQ(openpty(&master_, &terminal_, nullptr, nullptr, &size), 0);
    dup2(terminal_, STDIN_FILENO);
    dup2(terminal_, STDOUT_FILENO);
  }
  ~OnPseudoTerminal() {
    dup2(stdin_, STDIN_FILENO);
    dup2(stdout_, STDOUT_FILENO);
    for (int fd : {stdin_, stdout_, master_, terminal_}) close(fd);
  }

  void Type(absl::string_view keys) const {
    EXPECT_EQ(write(master_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  // What was written to the terminal so far, at least `least` bytes.
  [[nodiscard]] std::string Shown(size_t least) const {
    std::string shown;
    char buffer[4096];
    while (shown.size() < least) {
      const ssize_t count = read(master_, buffer, sizeof(buffer));
      if (count <= 0) break;
      shown.append(buffer, static_cast<size_t>(count));
    }
    return shown;
  }
  [[nodiscard]] termios Settings() const {
    termios settings{};
    EXPECT_EQ(tcgetattr(terminal_, &settings), 0);
    return settings;
  }

 private:
  int stdin_;
  int stdout_;
  int master_ = -1;
  int terminal_ = -1;
};

TEST(LiveScreen, GivesTheTerminalBackAsItWas) {
  std::string shown;
  termios before{};
  termios during{};
  termios after{};
  LiveScreen::Event event{};
  constexpr absl::string_view kExpected =
      "\x1b[?1049h\x1b[?25l\x1b[Hone\x1b[K\r\ntwo\x1b[K\r\nthree\x1b[K\x1b[J\x1b[?25h\x1b[?1049l";
  {
    OnPseudoTerminal terminal;
    before = terminal.Settings();
    {
      LiveScreen screen;
      during = terminal.Settings();
      EXPECT_EQ(LiveScreen::Draw("one\ntwo\nthree\nfour"), absl::OkStatus());
      terminal.Type("xyzq");
      event = screen.Wait(-1, absl::InfiniteDuration());
      EXPECT_EQ(LiveScreen::size().columns, 40U);
    }
    after = terminal.Settings();
    shown = terminal.Shown(kExpected.size());
  }
  EXPECT_EQ(event, LiveScreen::Event::kQuit);
  EXPECT_EQ(during.c_lflag, before.c_lflag & ~static_cast<tcflag_t>(ICANON | ECHO | ISIG));
  EXPECT_EQ(during.c_oflag, before.c_oflag);
  EXPECT_EQ(after.c_lflag, before.c_lflag);
  EXPECT_EQ(after.c_iflag, before.c_iflag);
  EXPECT_EQ(after.c_oflag, before.c_oflag);
  EXPECT_EQ(after.c_cflag, before.c_cflag);
  EXPECT_EQ(shown, kExpected);
}

TEST(LiveScreen, QuitsAtCtrlC) {
  LiveScreen::Event event{};
  {
    OnPseudoTerminal terminal;
    LiveScreen screen;
    terminal.Type("\x03");
    event = screen.Wait(-1, absl::InfiniteDuration());
  }
  EXPECT_EQ(event, LiveScreen::Event::kQuit);
}

}  // namespace
}  // namespace listenq::client
