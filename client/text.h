// Text for a terminal: hostile bytes made visible, widths, numbers and ages as people read them.
#ifndef LISTENQ_CLIENT_TEXT_H_
#define LISTENQ_CLIENT_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace listenq::client {

// What a container chose (process names, labels, addresses) may hold anything. Control bytes, ESC, C1, DEL
// and bytes that are not UTF-8 become \xNN; bidirectional controls, line separators and everything without a
// width of its own become \u{N}. The answer is valid UTF-8 that cannot move a cursor or change a colour.
std::string EscapeForTerminal(absl::string_view text);

// An error's text, lines apart, each escaped; lines after the first are indented below "listenq: ". Ends with
// a newline.
std::string FormatError(absl::string_view message);

// Columns that text without control bytes takes: 2 for wide characters.
size_t DisplayWidth(absl::string_view text);

// At most `width` columns; what was too long ends in "…".
std::string Truncate(absl::string_view text, size_t width);

// The same with the "…" in the middle: names that differ at their end stay apart.
std::string TruncateMiddle(absl::string_view text, size_t width);

// Lines of at most `width` columns (at least 1), broken at spaces; a longer word is broken anywhere. "" is
// one empty line.
std::vector<std::string> WrapWords(absl::string_view text, size_t width);

// "1,204".
std::string FormatCount(uint64_t count);

// Two units at most: "41s", "3m20s", "5h12m", "3d4h".
std::string FormatAge(absl::Duration age);

// "412 KiB", "9.8 MiB".
std::string FormatBytes(uint64_t bytes);

// One of ▁▂▃▄▅▆▇█ for each value, relative to `full`; a zero is "▁", a value above zero at least "▂".
std::string Sparkline(const std::vector<uint64_t>& values, uint64_t full);

// `cells` columns at most, in full blocks.
std::string Bar(uint64_t value, uint64_t full, size_t cells);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_TEXT_H_
