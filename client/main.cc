// listenq: the command-line client. Also kubectl-listenq, for `kubectl listenq`.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/channel.h"
#include "client/command_line.h"
#include "client/print.h"
#include "client/query.h"
#include "client/run.h"
#include "client/terminal.h"

namespace {

using namespace listenq;          // NOLINT
using namespace listenq::client;  // NOLINT

void Note(absl::string_view text) { WriteAll(STDERR_FILENO, text).IgnoreError(); }

int Answer(const ParseOutcome& outcome) {
  if (!outcome.error.empty()) Note(absl::StrCat("listenq: ", FormatError(outcome.error)));
  const absl::Status written = WriteAll(STDOUT_FILENO, outcome.out);
  if (written.ok() || absl::IsAborted(written)) return outcome.exit_code;
  Note(absl::StrCat("listenq: ", FormatError(written.message())));
  return kExitError;
}

int RunWithServer(const Options& options, const absl::TimeZone& zone) {
  const bool is_terminal = IsTerminal(STDOUT_FILENO);
  Output output;
  output.out = [](absl::string_view text) { return WriteAll(STDOUT_FILENO, text); };
  output.note = Note;
  output.width = WidthOf(STDOUT_FILENO, std::getenv("COLUMNS"));
  output.color = WantsColor(options.color, is_terminal, std::getenv("NO_COLOR"), std::getenv("TERM"));
  output.is_terminal = is_terminal;
  output.zone = zone;
  if (IsLive(options, is_terminal)) LiveScreen::BlockSignals();
  const auto address = base::ParseServerAddress(options.server);
  auto channel = address.ok() ? base::MakeChannel(*address) : address.status();
  if (!channel.ok()) {
    Note(absl::StrCat("listenq: --server: ", FormatError(channel.status().message())));
    return kExitUsage;
  }
  ObserverClient client(*std::move(channel), options.server, options.timeout);
  return Run(options, client, output);
}

int Main(int argc, char** argv) {
  // Whoever reads us may stop: write says so (EPIPE), quietly.
  signal(SIGPIPE, SIG_IGN);
  const char* server = std::getenv("LISTENQ_SERVER");
  const CommandLine line = {.program = argc > 0 ? argv[0] : "listenq",
                            .arguments = std::vector<std::string>(argv + std::min(argc, 1), argv + argc),
                            .server_variable = server == nullptr ? "" : server,
                            .now = absl::Now(),
                            .zone = absl::LocalTimeZone()};
  const ParseOutcome outcome = ParseCommandLine(line);
  return outcome.options ? RunWithServer(*outcome.options, line.zone) : Answer(outcome);
}

}  // namespace

// Static destructors and gRPC's shutdown are work that the end of the process does anyway.
int main(int argc, char** argv) { _exit(Main(argc, argv)); }
