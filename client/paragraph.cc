#include "client/paragraph.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/text.h"

namespace listenq::client {
namespace {

std::vector<std::string> Lines(absl::string_view text, const std::optional<size_t>& room) {
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::string escaped = EscapeForTerminal(line);
    if (!room) {
      lines.push_back(escaped);
      continue;
    }
    for (std::string& part : WrapWords(escaped, *room)) lines.push_back(std::move(part));
  }
  return lines;
}

}  // namespace

std::string Paragraph(const ParagraphStyle& style, absl::string_view label, absl::string_view text) {
  // A narrower column of words is no help to anybody.
  constexpr size_t kLeastRoom = 16;
  if (text.empty()) return "";
  const size_t before = style.indent + style.label_width;
  std::optional<size_t> room;
  if (style.width) room = std::max(kLeastRoom, *style.width - std::min(*style.width, before));
  const size_t gap = style.label_width - std::min(style.label_width, DisplayWidth(label));
  std::string start = absl::StrCat(std::string(style.indent, ' '), label, std::string(gap, ' '));
  std::string paragraph;
  for (const std::string& line : Lines(text, room)) {
    absl::StrAppend(&paragraph, start, line, "\n");
    start = std::string(before, ' ');
  }
  return paragraph;
}

}  // namespace listenq::client
