#include "client/text.h"

#include <clocale>
#include <cwchar>

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace listenq::client {
namespace {

struct CodePoint {
  uint32_t value = 0;
  // Bytes taken; 0 is not UTF-8.
  size_t length = 0;
};

// The decoder of RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
CodePoint Decode(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return {};
  uint32_t value = first & (0x7f >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3f);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kLeast[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return {};
  return {value, length};
}

// Without that locale (an empty image) every character counts as one column.
int LocaleWidth(uint32_t value) {
  static const locale_t kUtf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (kUtf8 == nullptr) return 1;
  const locale_t before = uselocale(kUtf8);
  const int width = wcwidth(static_cast<wchar_t>(value));
  uselocale(before);
  return width;
}

bool ReordersText(uint32_t value) {
  return value == 0x61c || (value >= 0x200b && value <= 0x200f) || (value >= 0x2028 && value <= 0x202e) ||
         (value >= 0x2060 && value <= 0x206f) || value == 0xfeff;
}

// Columns; 0 is not printable as it is.
int Width(uint32_t value) {
  if (value < 0x20 || (value >= 0x7f && value < 0xa0)) return 0;
  if (value < 0x7f) return 1;
  if (ReordersText(value)) return 0;
  return std::max(0, LocaleWidth(value));
}

bool IsPlainAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

std::string EscapeForTerminal(absl::string_view text) {
  if (IsPlainAscii(text)) return std::string(text);
  std::string escaped;
  while (!text.empty()) {
    const CodePoint point = Decode(text);
    if (point.length == 0 || (Width(point.value) == 0 && point.value < 0x80)) {
      absl::StrAppendFormat(&escaped, "\\x%02x", static_cast<uint8_t>(text[0]));
    } else if (Width(point.value) == 0) {
      absl::StrAppendFormat(&escaped, "\\u{%x}", point.value);
    } else {
      absl::StrAppend(&escaped, text.substr(0, point.length));
    }
    text.remove_prefix(std::max<size_t>(point.length, 1));
  }
  return escaped;
}

std::string FormatError(absl::string_view message) {
  std::string text;
  for (absl::string_view line : absl::StrSplit(message, '\n')) {
    absl::StrAppend(&text, text.empty() ? "" : "         ", EscapeForTerminal(line), "\n");
  }
  return text;
}

size_t DisplayWidth(absl::string_view text) {
  if (IsPlainAscii(text)) return text.size();
  size_t width = 0;
  while (!text.empty()) {
    const CodePoint point = Decode(text);
    width += point.length == 0 ? 1 : Width(point.value);
    text.remove_prefix(std::max<size_t>(point.length, 1));
  }
  return width;
}

std::string Truncate(absl::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return "";
  std::string cut;
  size_t used = 0;
  while (!text.empty()) {
    const CodePoint point = Decode(text);
    const size_t length = std::max<size_t>(point.length, 1);
    const size_t columns = DisplayWidth(text.substr(0, length));
    if (used + columns + 1 > width) break;
    absl::StrAppend(&cut, text.substr(0, length));
    used += columns;
    text.remove_prefix(length);
  }
  return cut + "…";
}

std::string TruncateMiddle(absl::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  const size_t tail_width = width / 2;
  absl::string_view tail = text;
  while (DisplayWidth(tail) > tail_width) tail.remove_prefix(std::max<size_t>(Decode(tail).length, 1));
  return absl::StrCat(Truncate(text, width - tail_width), tail);
}

namespace {

// As much of `text` as fits, at least one character.
absl::string_view FittingPrefix(absl::string_view text, size_t width) {
  size_t length = 0;
  size_t used = 0;
  while (length < text.size()) {
    const size_t next = std::max<size_t>(Decode(text.substr(length)).length, 1);
    used += DisplayWidth(text.substr(length, next));
    if (used > width && length > 0) break;
    length += next;
  }
  return text.substr(0, length);
}

}  // namespace

std::vector<std::string> WrapWords(absl::string_view text, size_t width) {
  std::vector<std::string> lines(1);
  size_t used = 0;
  for (absl::string_view word : absl::StrSplit(text, ' ')) {
    const bool first = lines.back().empty();
    if (!first && used + 1 + DisplayWidth(word) > width) {
      lines.emplace_back();
    } else if (!first) {
      lines.back() += ' ';
    }
    while (DisplayWidth(word) > width) {
      const absl::string_view part = FittingPrefix(word, width);
      lines.back() += std::string(part);
      word.remove_prefix(part.size());
      if (!word.empty()) lines.emplace_back();
    }
    lines.back() += std::string(word);
    used = DisplayWidth(lines.back());
  }
  return lines;
}

std::string FormatCount(uint64_t count) {
  std::string digits = absl::StrCat(count);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string FormatAge(absl::Duration age) {
  const int64_t seconds = std::max<int64_t>(0, absl::ToInt64Seconds(age));
  const int64_t minutes = seconds / 60;
  const int64_t hours = minutes / 60;
  const auto two = [](int64_t major, const char* major_unit, int64_t minor, const char* minor_unit) {
    return minor == 0 ? absl::StrCat(major, major_unit) : absl::StrCat(major, major_unit, minor, minor_unit);
  };
  if (minutes == 0) return absl::StrCat(seconds, "s");
  if (hours == 0) return two(minutes, "m", seconds % 60, "s");
  if (hours < 48) return two(hours, "h", minutes % 60, "m");
  return two(hours / 24, "d", hours % 24, "h");
}

std::string FormatBytes(uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 || value >= 100 ? absl::StrFormat("%.0f %s", value, kUnits[unit])
                                   : absl::StrFormat("%.1f %s", value, kUnits[unit]);
}

namespace {

// How many of `steps` a value fills.
size_t FilledSteps(size_t steps, uint64_t value, uint64_t full) {
  const double part = static_cast<double>(std::min(value, full)) / static_cast<double>(full);
  return static_cast<size_t>(static_cast<double>(steps) * part);
}

}  // namespace

std::string Sparkline(const std::vector<uint64_t>& values, uint64_t full) {
  constexpr const char* kLevels[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string line;
  for (uint64_t value : values) {
    size_t level = 0;
    if (value > 0) level = full == 0 ? 7 : 1 + FilledSteps(6, value, full);
    line += kLevels[level];
  }
  return line;
}

std::string Bar(uint64_t value, uint64_t full, size_t cells) {
  if (full == 0) return value == 0 ? "" : "█";
  const size_t filled = FilledSteps(cells, value, full);
  std::string bar;
  for (size_t i = 0; i < filled; ++i) bar += "█";
  return bar;
}

}  // namespace listenq::client
