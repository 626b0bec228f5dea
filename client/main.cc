// listenq: the command-line client. Also kubectl-listenq, for `kubectl listenq`, and
// kubectl_complete-listenq, which kubectl asks for what a shell may offer.
#include <grpc/support/log.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "agent/sys/file.h"
#include "agent/sys/status.h"
#include "base/channel.h"
#include "base/tls.h"
#include "client/command_line.h"
#include "client/completion_words.h"
#include "client/config_command.h"
#include "client/connection.h"
#include "client/contexts.h"
#include "client/kube_connection.h"
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
    ASSIGN_OR_RETURN(const base::TlsMaterial material, base::ReadTlsFiles(connection.tls));
    connection.not_after = material.not_after;
    channel_options.tls = base::MutualTls(material);
  }
  return base::MakeChannel(connection.address, channel_options);
}

// A shell that completes a word shows no errors.
int Refuse(const Options& options, const absl::Status& status, int exit_code) {
  if (options.command == Command::kComplete) return kExitOk;
  Note(absl::StrCat("listenq: ", FormatError(status.message())));
  return exit_code;
}

// Who waits for a word to be completed does not wait for a cluster that is far.
KubectlOptions OptionsOfKubectl(const Options& options) {
  constexpr absl::Duration kLongest = absl::Seconds(3);
  const bool completes = options.command == Command::kComplete;
  return {.program = Variable("KUBECTL"),
          .deadline = completes ? absl::Now() + kLongest : absl::InfiniteFuture(),
          .slow = completes ? [](absl::string_view) {} : Note};
}

absl::StatusOr<Connection> Choose(const Options& options) {
  if (!options.kube.on) return ChooseServer(options.server, Variable("LISTENQ_SERVER"), ContextsPath());
  KubeFlags kube = options.kube;
  if (kube.listenq_namespace.empty()) kube.listenq_namespace = Variable("LISTENQ_NAMESPACE");
  return ConnectThroughKubectl(kube, OptionsOfKubectl(options));
}

using Writer = std::function<absl::Status(absl::string_view)>;

absl::Status WriteOut(absl::string_view text) { return WriteAll(STDOUT_FILENO, text); }

int RunWithServer(const Options& options, const absl::TimeZone& zone, const Writer& out) {
  auto connection = Choose(options);
  if (!connection.ok())
    return Refuse(options, connection.status(), options.kube.on ? kExitError : kExitUsage);
  const bool is_terminal = IsTerminal(STDOUT_FILENO);
  Output output;
  output.out = out;
  output.note = Note;
  output.width = WidthOf(STDOUT_FILENO, std::getenv("COLUMNS"));
  output.color = WantsColor(options.color, is_terminal, std::getenv("NO_COLOR"), std::getenv("TERM"));
  output.is_terminal = is_terminal;
  output.zone = zone;
  if (IsLive(options, is_terminal)) LiveScreen::BlockSignals();
  auto channel = Connect(*connection);
  if (!channel.ok()) return Refuse(options, channel.status(), kExitUsage);
  ObserverClient client(*std::move(channel), *std::move(connection), options.timeout);
  return Run(options, client, output);
}

// Names that another than a server knows.
bool IsLocal(const Options& options) {
  return options.command == Command::kComplete &&
         (options.names == NameKind::kContexts || options.names == NameKind::kNodes);
}

std::string LocalNames(const Options& options) {
  const bool has_own = options.names == NameKind::kContexts && !options.kube.on;
  return has_own ? ContextNames(ContextsPath())
                 : NamesFromKubectl(options.names, options.kube, OptionsOfKubectl(options));
}

int RunOptions(const Options& options, const absl::TimeZone& zone, const Writer& out) {
  if (!IsLocal(options)) return RunWithServer(options, zone, out);
  out(LocalNames(options)).IgnoreError();
  return kExitOk;
}

// The names of a kind that begin with what is typed, a line each.
std::string CompletedNames(CommandLine line, const std::string& kind) {
  const std::string prefix = PrefixOf(line.arguments);
  line.arguments.pop_back();
  line.arguments.insert(line.arguments.begin(), {kCompleteCommand, kind});
  const ParseOutcome outcome = ParseCommandLine(line);
  std::string names;
  if (!outcome.options) return names;
  RunOptions(*outcome.options, line.zone, [&](absl::string_view text) {
    for (const absl::string_view name : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      if (absl::StartsWith(name, prefix)) absl::StrAppend(&names, name, "\n");
    }
    return absl::OkStatus();
  });
  return names;
}

// kubectl calls it with the words after "kubectl listenq"; the answer is cobra's: a word a line, then a colon
// and what the shell does beside.
int CompleteForKubectl(CommandLine line) {
  line.program = "kubectl-listenq";
  const WordCompletion completion = CompleteWord(CommandsOf(line), line.arguments);
  std::string answer;
  for (const std::string& word : completion.words) absl::StrAppend(&answer, word, "\n");
  if (!completion.names.empty()) answer += CompletedNames(line, completion.names);
  return Answer({.out = absl::StrCat(answer, ":", completion.directive, "\n")});
}

int Main(int argc, char** argv) {
  // Whoever reads us may stop: write says so (EPIPE), quietly.
  signal(SIGPIPE, SIG_IGN);
  const CommandLine line = {.program = argc > 0 ? argv[0] : "listenq",
                            .arguments = std::vector<std::string>(argv + std::min(argc, 1), argv + argc),
                            .now = absl::Now(),
                            .zone = absl::LocalTimeZone()};
  if (sys::BaseName(line.program) == "kubectl_complete-listenq") return CompleteForKubectl(line);
  const ParseOutcome outcome = ParseCommandLine(line);
  if (outcome.config) return RunWithoutServer(*outcome.config);
  if (!outcome.options) return Answer(outcome);
  return RunOptions(*outcome.options, line.zone, WriteOut);
}

}  // namespace

// Static destructors and gRPC's shutdown are work that the end of the process does anyway.
int main(int argc, char** argv) { _exit(Main(argc, argv)); }
