#include "client/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace listenq::client {
namespace {

TEST(EscapeForTerminal, LeavesPlainTextAlone) {
  EXPECT_EQ(EscapeForTerminal("nginx: worker *:80"), "nginx: worker *:80");
  EXPECT_EQ(EscapeForTerminal("größe 日本 …"), "größe 日本 …");
}

TEST(EscapeForTerminal, ShowsControlBytes) {
  EXPECT_EQ(EscapeForTerminal("\x1b[31mred\x07\r\n\t\x7f"), "\\x1b[31mred\\x07\\x0d\\x0a\\x09\\x7f");
  EXPECT_EQ(EscapeForTerminal(absl::string_view("a\0b", 3)), "a\\x00b");
}

TEST(EscapeForTerminal, ShowsC1ControlsThatATerminalWouldObey) {
  EXPECT_EQ(EscapeForTerminal("\xc2\x9b\x33\x31m"), "\\u{9b}31m");
}

TEST(EscapeForTerminal, ShowsBytesThatAreNoUtf8) {
  EXPECT_EQ(EscapeForTerminal("\xff\xc0\x80\xed\xa0\x80"), "\\xff\\xc0\\x80\\xed\\xa0\\x80");
  EXPECT_EQ(EscapeForTerminal("\xe2\x82"), "\\xe2\\x82");
  EXPECT_EQ(EscapeForTerminal("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

TEST(EscapeForTerminal, ShowsWhatReordersOrHides) {
  EXPECT_EQ(EscapeForTerminal("a\u202eb\u2066c\u200bd\ufeff"), "a\\u{202e}b\\u{2066}c\\u{200b}d\\u{feff}");
  EXPECT_EQ(EscapeForTerminal("x\u2028y\u2029"), "x\\u{2028}y\\u{2029}");
  EXPECT_EQ(EscapeForTerminal("e\u0301"), "e\\u{301}");
}

TEST(FormatError, IndentsTheSecondLineAndEscapesBoth) {
  EXPECT_EQ(FormatError("cannot\x1b\ntry"), "cannot\\x1b\n         try\n");
}

TEST(DisplayWidth, CountsWideCharactersTwice) {
  EXPECT_EQ(DisplayWidth("abc"), 3U);
  EXPECT_EQ(DisplayWidth("日本"), 4U);
  EXPECT_EQ(DisplayWidth("█–…"), 3U);
}

TEST(Truncate, CutsAtTheWidthWithAMark) {
  EXPECT_EQ(Truncate("abcdef", 6), "abcdef");
  EXPECT_EQ(Truncate("abcdefg", 6), "abcde…");
  EXPECT_EQ(Truncate("abc", 0), "");
}

TEST(Truncate, NeverSplitsAWideCharacter) {
  EXPECT_EQ(Truncate("日本語", 5), "日本…");
  EXPECT_EQ(Truncate("日本語", 4), "日…");
  EXPECT_EQ(TruncateMiddle("api-7f9c5d-x2x4k", 16), "api-7f9c5d-x2x4k");
  EXPECT_EQ(TruncateMiddle("api-7f9c5d-x2x4k", 11), "api-7…x2x4k");
  EXPECT_EQ(TruncateMiddle("日本語日本語", 6), "日…語");
  EXPECT_EQ(TruncateMiddle("abc", 1), "…");
  EXPECT_EQ(TruncateMiddle("abc", 0), "");
}

TEST(WrapWords, BreaksAtSpaces) {
  using ::testing::ElementsAre;
  EXPECT_THAT(WrapWords("the accept queue is full", 10), ElementsAre("the accept", "queue is", "full"));
  EXPECT_THAT(WrapWords("", 10), ElementsAre(""));
  EXPECT_THAT(WrapWords("日本 日本", 5), ElementsAre("日本", "日本"));
}

TEST(WrapWords, BreaksAWordThatIsTooLongAnywhere) {
  using ::testing::ElementsAre;
  EXPECT_THAT(WrapWords("a 0123456789 b", 4), ElementsAre("a", "0123", "4567", "89 b"));
  EXPECT_THAT(WrapWords("日本", 1), ElementsAre("日", "本"));
}

TEST(FormatCount, GroupsThousands) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1204), "1,204");
  EXPECT_EQ(FormatCount(18446744073709551615U), "18,446,744,073,709,551,615");
}

TEST(FormatAge, ShowsTwoUnits) {
  EXPECT_EQ(FormatAge(absl::Milliseconds(400)), "0s");
  EXPECT_EQ(FormatAge(absl::Seconds(59)), "59s");
  EXPECT_EQ(FormatAge(absl::Seconds(200)), "3m20s");
  EXPECT_EQ(FormatAge(absl::Minutes(60)), "1h");
  EXPECT_EQ(FormatAge(absl::Hours(76)), "3d4h");
  EXPECT_EQ(FormatAge(-absl::Seconds(3)), "0s");
}

TEST(FormatBytes, UsesBinaryUnits) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(10 << 20), "10.0 MiB");
}

TEST(Sparkline, TellsZeroFromLittle) {
  EXPECT_EQ(Sparkline({0, 1, 50, 100, 200}, 100), "▁▂▅██");
  EXPECT_EQ(Sparkline({0, 0}, 0), "▁▁");
}

TEST(Bar, FillsInProportion) {
  EXPECT_EQ(Bar(260, 511, 8), "████");
  EXPECT_EQ(Bar(512, 511, 8), "████████");
  EXPECT_EQ(Bar(0, 0, 8), "");
  EXPECT_EQ(Bar(1, 0, 8), "█");
}

}  // namespace
}  // namespace listenq::client
