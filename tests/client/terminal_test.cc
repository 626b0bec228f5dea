#include "client/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
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

}  // namespace
}  // namespace listenq::client
