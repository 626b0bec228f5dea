#include "client/paragraph.h"

#include <gtest/gtest.h>

namespace listenq::client {
namespace {

TEST(Paragraph, WrapsBesideItsLabel) {
  const ParagraphStyle style = {.indent = 2, .label_width = 6, .width = 26};
  EXPECT_EQ(Paragraph(style, "fix", "raise the backlog and restart it"),
            "  fix   raise the backlog\n"
            "        and restart it\n");
}

TEST(Paragraph, KeepsLinesApart) {
  EXPECT_EQ(Paragraph({.indent = 2, .label_width = 5}, "fix", "one thing\nanother"),
            "  fix  one thing\n"
            "       another\n");
}

TEST(Paragraph, BreaksNothingWhereTheWidthIsUnknown) {
  const std::string text(300, 'x');
  EXPECT_EQ(Paragraph({}, "", text), text + "\n");
}

TEST(Paragraph, ShowsHostileBytes) { EXPECT_EQ(Paragraph({}, "", "a\x1b[2J"), "a\\x1b[2J\n"); }

TEST(Paragraph, IsNothingWithoutText) { EXPECT_EQ(Paragraph({.indent = 2}, "fix", ""), ""); }

TEST(Paragraph, KeepsRoomForWordsOnANarrowTerminal) {
  EXPECT_EQ(Paragraph({.indent = 10, .width = 12}, "", "raise the backlog"),
            "          raise the\n"
            "          backlog\n");
}

}  // namespace
}  // namespace listenq::client
