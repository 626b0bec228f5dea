// protobuf sends strings that are UTF-8 only; a process may call itself anything, and the kernel cuts a name
// after 15 bytes, in the middle of a letter too.
#ifndef LISTENQ_AGENT_SERVE_UTF8_H_
#define LISTENQ_AGENT_SERVE_UTF8_H_

#include <string>

#include "absl/strings/string_view.h"

namespace listenq::serve {

// `text` with U+FFFD for each byte that is no part of a well-formed sequence (Unicode 15, table 3-7).
std::string ValidUtf8(absl::string_view text);

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_UTF8_H_
