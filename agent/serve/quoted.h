#ifndef LISTENQ_AGENT_SERVE_QUOTED_H_
#define LISTENQ_AGENT_SERVE_QUOTED_H_

#include <cstddef>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace listenq::serve {

// A caller's own words in an error: in quotes, without control characters, at most 100 bytes of them (a
// status travels in a header, and gRPC bounds those at 8 KiB).
inline std::string Quoted(absl::string_view text) {
  constexpr size_t kMaxBytes = 100;
  const absl::string_view mark = text.size() > kMaxBytes ? "\"…" : "\"";
  return absl::StrCat("\"", absl::CHexEscape(text.substr(0, kMaxBytes)), mark);
}

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_QUOTED_H_
