// Completion scripts for shells. Pure: commands → text.
#ifndef LISTENQ_CLIENT_COMPLETION_H_
#define LISTENQ_CLIENT_COMPLETION_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/command_tree.h"

namespace listenq::client {

// `shell` is "bash", "zsh" or "fish", else InvalidArgument. The commands and
// flags stand in the script; for names it calls the program (kCompleteCommand).
absl::StatusOr<std::string> CompletionScript(const CommandTree& tree, absl::string_view shell);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_COMPLETION_H_
