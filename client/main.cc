// listenq: the command-line client. Also kubectl-listenq, for `kubectl listenq`.
#include <grpc/support/log.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "agent/sys/status.h"
#include "base/channel.h"
#include "base/tls.h"
#include "client/command_line.h"
#include "client/config_command.h"
#include "client/connection.h"
#include "client/contexts.h"
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

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string ContextsPath() {
  return client::ContextsPath(Variable("LISTENQ_CONFIG"), Variable("XDG_CONFIG_HOME"), Variable("HOME"));
}

int RunWithoutServer(const ConfigRequest& request) {
  std::error_code error;  // without a folder relative paths stay so
  const std::string folder = std::filesystem::current_path(error).string();
  return Answer(RunConfig(request, ContextsPath(), folder,
                          {.width = WidthOf(STDOUT_FILENO, std::getenv("COLUMNS")), .wide = true}));
}

// What gRPC writes about a handshake comes back as the call's error; GRPC_VERBOSITY shows it nevertheless.
void SilenceGrpc() {
  if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function([](gpr_log_func_args*) {});
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(Connection& connection) {
  SilenceGrpc();
  base::ChannelOptions channel_options = {.server_name = connection.server_name};
  if (connection.address.tls) {
    ASSIGN_OR_RETURN(base::TlsMaterial material, base::ReadTlsFiles(connection.tls));
    connection.not_after = material.not_after;
    channel_options.tls = std::make_shared<const base::TlsMaterial>(std::move(material));
  }
  return base::MakeChannel(connection.address, channel_options);
}

// A shell that completes a word shows no errors.
int Refuse(const Options& options, const absl::Status& status) {
  if (options.command == Command::kComplete) return kExitOk;
  Note(absl::StrCat("listenq: ", FormatError(status.message())));
  return kExitUsage;
}

int RunWithServer(const Options& options, const absl::TimeZone& zone) {
  auto connection = ChooseServer(options.server, Variable("LISTENQ_SERVER"), ContextsPath());
  if (!connection.ok()) return Refuse(options, connection.status());
  const bool is_terminal = IsTerminal(STDOUT_FILENO);
  Output output;
  output.out = [](absl::string_view text) { return WriteAll(STDOUT_FILENO, text); };
  output.note = Note;
  output.width = WidthOf(STDOUT_FILENO, std::getenv("COLUMNS"));
  output.color = WantsColor(options.color, is_terminal, std::getenv("NO_COLOR"), std::getenv("TERM"));
  output.is_terminal = is_terminal;
  output.zone = zone;
  if (IsLive(options, is_terminal)) LiveScreen::BlockSignals();
  auto channel = Connect(*connection);
  if (!channel.ok()) return Refuse(options, channel.status());
  ObserverClient client(*std::move(channel), *std::move(connection), options.timeout);
  return Run(options, client, output);
}

int Main(int argc, char** argv) {
  // Whoever reads us may stop: write says so (EPIPE), quietly.
  signal(SIGPIPE, SIG_IGN);
  const CommandLine line = {.program = argc > 0 ? argv[0] : "listenq",
                            .arguments = std::vector<std::string>(argv + std::min(argc, 1), argv + argc),
                            .now = absl::Now(),
                            .zone = absl::LocalTimeZone()};
  const ParseOutcome outcome = ParseCommandLine(line);
  if (outcome.config) return RunWithoutServer(*outcome.config);
  if (!outcome.options) return Answer(outcome);
  if (outcome.options->names == NameKind::kContexts) return Answer({.out = ContextNames(ContextsPath())});
  return RunWithServer(*outcome.options, line.zone);
}

}  // namespace

// Static destructors and gRPC's shutdown are work that the end of the process does anyway.
int main(int argc, char** argv) { _exit(Main(argc, argv)); }
