// Runs a command: one question, its answer as text.
#ifndef LISTENQ_CLIENT_RUN_H_
#define LISTENQ_CLIENT_RUN_H_

#include <cstddef>
#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/options.h"
#include "client/query.h"

namespace listenq::client {

// Where the text goes.
struct Output {
  // An error ends the command; Aborted ends it quietly (nobody reads any more).
  std::function<absl::Status(absl::string_view)> out;
  // Lines for a person, beside the answer. Escaped already.
  std::function<void(absl::string_view)> note;
  // Columns to fit to; absent is unknown.
  std::optional<size_t> width;
  bool color = false;
  // out is a terminal: top and --watch draw in place.
  bool is_terminal = false;
  absl::TimeZone zone;
  std::function<absl::Time()> clock = absl::Now;
};

// The exit code (command_line.h). Errors are notes: "listenq: …".
int Run(const Options& options, ObserverClient& client, const Output& output);

// A live picture on a terminal; before any thread starts, LiveScreen::BlockSignals must be called then.
bool IsLive(const Options& options, bool is_terminal);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_RUN_H_
