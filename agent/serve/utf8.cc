#include "agent/serve/utf8.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace listenq::serve {
namespace {

bool InRange(uint8_t byte, uint8_t low, uint8_t high) { return byte >= low && byte <= high; }

// The bounds of the second byte, which alone depend on the first: no overlong forms, no surrogates, nothing
// above U+10FFFF.
bool SecondByteFits(uint8_t first, uint8_t second) {
  switch (first) {
    case 0xE0:
      return InRange(second, 0xA0, 0xBF);
    case 0xED:
      return InRange(second, 0x80, 0x9F);
    case 0xF0:
      return InRange(second, 0x90, 0xBF);
    case 0xF4:
      return InRange(second, 0x80, 0x8F);
    default:
      return InRange(second, 0x80, 0xBF);
  }
}

size_t LengthByFirstByte(uint8_t first) {
  if (first < 0x80) return 1;
  if (InRange(first, 0xC2, 0xDF)) return 2;
  if (InRange(first, 0xE0, 0xEF)) return 3;
  if (InRange(first, 0xF0, 0xF4)) return 4;
  return 0;
}

// Bytes of the sequence at the beginning of `text`; 0 when it is not well-formed.
size_t SequenceLength(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const size_t length = LengthByFirstByte(byte(0));
  if (length > text.size()) return 0;
  if (length > 1 && !SecondByteFits(byte(0), byte(1))) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (!InRange(byte(i), 0x80, 0xBF)) return 0;
  }
  return length;
}

}  // namespace

std::string ValidUtf8(absl::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    if (length == 0) {
      result += "\xEF\xBF\xBD";
    } else {
      result.append(text.data(), length);
    }
    text.remove_prefix(std::max(length, size_t{1}));
  }
  return result;
}

}  // namespace listenq::serve
