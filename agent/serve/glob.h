// Shell patterns with * (any text) and ? (one byte), and nothing else.
#ifndef LISTENQ_AGENT_SERVE_GLOB_H_
#define LISTENQ_AGENT_SERVE_GLOB_H_

#include "absl/strings/string_view.h"

namespace listenq::serve {

inline bool IsGlob(absl::string_view pattern) {
  return pattern.find_first_of("*?") != absl::string_view::npos;
}

// The whole of `text` matches. At most pattern x text steps, whatever they hold.
bool GlobMatches(absl::string_view pattern, absl::string_view text);

}  // namespace listenq::serve

#endif  // LISTENQ_AGENT_SERVE_GLOB_H_
