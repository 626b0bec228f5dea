// Flags of a server program, besides which there are.
#ifndef LISTENQ_BASE_FLAGS_H_
#define LISTENQ_BASE_FLAGS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace CLI {  // NOLINT(readability-identifier-naming): not ours
class App;
}

namespace listenq::base {

// What to do instead of running: print `text` and exit.
struct EarlyExit {
  int code = 0;
  std::string text;
};

// Fills in what `app` declares. EarlyExit with code 0 for --help and --version, with code 2 and one line that
// names the flag for what can't be used.
std::optional<EarlyExit> ParseCommandLine(CLI::App& app, int argc, const char* const* argv);

// The same for a flag that is wrong in itself.
EarlyExit WrongFlag(const std::string& program, const absl::Status& why);

// "1s", "500ms", "15m". InvalidArgument names the flag.
absl::Status ReadDuration(absl::string_view flag, const std::string& text, absl::Duration least,
                          absl::Duration* value);

}  // namespace listenq::base

#endif  // LISTENQ_BASE_FLAGS_H_
