// The command line → Options, a request about contexts, or the text that answers it (help, version, a usage
// error, a completion script).
#ifndef LISTENQ_CLIENT_COMMAND_LINE_H_
#define LISTENQ_CLIENT_COMMAND_LINE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/command_tree.h"
#include "client/options.h"

namespace listenq::client {

inline constexpr int kExitOk = 0;
inline constexpr int kExitError = 1;
inline constexpr int kExitUsage = 2;
// An answer about several nodes lacks some of them, an audit something else that it should have seen.
inline constexpr int kExitPartial = 3;
// findings --exit-code: there are some. audit: a rule is broken.
inline constexpr int kExitFindings = 4;

struct CommandLine {
  // argv[0] as it was called; "kubectl-listenq" makes the help say "kubectl listenq".
  std::string program;
  // Without argv[0].
  std::vector<std::string> arguments;
  // What --since counts from, and the zone of its clock times.
  absl::Time now;
  absl::TimeZone zone;
};

struct ParseOutcome {
  // Either of them is to be run. Absent: print the texts and end with exit_code.
  std::optional<Options> options;
  std::optional<ConfigRequest> config;
  int exit_code = kExitOk;
  std::string out;
  // Without the program's name in front.
  std::string error;
};

ParseOutcome ParseCommandLine(const CommandLine& line);

// The commands and flags that `line`'s program has; its arguments do not count.
CommandTree CommandsOf(const CommandLine& line);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_COMMAND_LINE_H_
