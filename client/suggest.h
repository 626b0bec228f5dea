// "did you mean": the known word closest to a mistyped one.
#ifndef LISTENQ_CLIENT_SUGGEST_H_
#define LISTENQ_CLIENT_SUGGEST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace listenq::client {

// The candidate with the least edit distance, at most a third of the word's length (at least 1); "" when none
// is that close. The first of equals.
std::string Nearest(absl::string_view word, const std::vector<std::string>& candidates);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_SUGGEST_H_
