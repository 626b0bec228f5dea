#include "client/config_command.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "agent/sys/status.h"
#include "client/contexts.h"
#include "client/text.h"

namespace listenq::client {
namespace {

std::string TlsWord(const Context& context) {
  if (context.insecure) return "insecure";
  return context.tls.empty() ? "-" : "mutual";
}

std::string GetContexts(const Contexts& contexts, const TableStyle& style) {
  Table table;
  table.columns = {{.title = "CURRENT"}, {.title = "NAME"}, {.title = "SERVER"}, {.title = "TLS"}};
  for (const Context& context : contexts.all) {
    table.rows.push_back(
        {context.name == contexts.current ? "*" : "", context.name, context.server, TlsWord(context)});
  }
  return contexts.all.empty() ? "" : RenderTable(table, style);
}

// Runs one request.
class ConfigCommand {
 public:
  ConfigCommand(const ConfigRequest& request, std::string path, std::string folder, const TableStyle& style)
      : request_(request), path_(std::move(path)), folder_(std::move(folder)), style_(style) {}

  absl::StatusOr<std::string> Run();

 private:
  absl::StatusOr<std::string> CurrentContext() const;
  absl::StatusOr<std::string> UseContext();
  absl::StatusOr<std::string> SetContext();
  absl::StatusOr<std::string> DeleteContext();
  [[nodiscard]] std::string Absolute(const std::string& file) const;
  void Change(Context& context) const;

  const ConfigRequest& request_;
  std::string path_;
  std::string folder_;
  const TableStyle& style_;
  Contexts contexts_;
};

absl::StatusOr<std::string> ConfigCommand::CurrentContext() const {
  if (!contexts_.current.empty()) return absl::StrCat(contexts_.current, "\n");
  return absl::NotFoundError(absl::StrCat("no context is the current one in ", path_,
                                          "\n`listenq config use-context NAME` makes it so"));
}

absl::StatusOr<std::string> ConfigCommand::UseContext() {
  RETURN_IF_ERROR(FindContext(contexts_, request_.name, path_).status());
  contexts_.current = request_.name;
  RETURN_IF_ERROR(WriteContexts(path_, contexts_));
  return absl::StrCat("Switched to context \"", request_.name, "\".\n");
}

std::string ConfigCommand::Absolute(const std::string& file) const {
  return (std::filesystem::path(folder_) / file).lexically_normal().string();
}

// TLS and plaintext beyond this machine take each other's place.
void ConfigCommand::Change(Context& context) const {
  const ServerFlags& flags = request_.server;
  if (!flags.server.empty()) context.server = flags.server;
  if (flags.insecure) {
    context.tls = {};
    context.tls_server_name = "";
    context.insecure = true;
  }
  if (!flags.tls.empty()) context.insecure = flags.insecure;
  if (!flags.tls.ca.empty()) context.tls.ca = Absolute(flags.tls.ca);
  if (!flags.tls.cert.empty()) context.tls.cert = Absolute(flags.tls.cert);
  if (!flags.tls.key.empty()) context.tls.key = Absolute(flags.tls.key);
  if (!flags.tls_server_name.empty()) context.tls_server_name = flags.tls_server_name;
}

absl::StatusOr<std::string> ConfigCommand::SetContext() {
  auto context = std::find_if(contexts_.all.begin(), contexts_.all.end(),
                              [this](const Context& one) { return one.name == request_.name; });
  const bool is_new = context == contexts_.all.end();
  if (is_new) context = contexts_.all.insert(context, Context{.name = request_.name});
  Change(*context);
  if (const absl::Status status = CheckContext(*context, "--"); !status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("context ", request_.name, ": ", status.message()));
  }
  RETURN_IF_ERROR(WriteContexts(path_, contexts_));
  return absl::StrCat("Context \"", request_.name, "\" ", is_new ? "created" : "modified", ".\n");
}

absl::StatusOr<std::string> ConfigCommand::DeleteContext() {
  RETURN_IF_ERROR(FindContext(contexts_, request_.name, path_).status());
  std::erase_if(contexts_.all, [this](const Context& one) { return one.name == request_.name; });
  const bool was_current = contexts_.current == request_.name;
  if (was_current) contexts_.current = "";
  RETURN_IF_ERROR(WriteContexts(path_, contexts_));
  return absl::StrCat("Deleted context \"", request_.name, "\"",
                      was_current ? ", which was the current one" : "", ".\n");
}

absl::StatusOr<std::string> ConfigCommand::Run() {
  ASSIGN_OR_RETURN(contexts_, ReadContexts(path_));
  switch (request_.action) {
    case ConfigAction::kGetContexts:
      return GetContexts(contexts_, style_);
    case ConfigAction::kCurrentContext:
      return CurrentContext();
    case ConfigAction::kUseContext:
      return UseContext();
    case ConfigAction::kSetContext:
      return SetContext();
    case ConfigAction::kDeleteContext:
      return DeleteContext();
    case ConfigAction::kView:
      return ContextsToYaml(contexts_);
  }
  return absl::InternalError("run config: it is none of its commands");
}

bool IsUsageError(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status);
}

}  // namespace

ParseOutcome RunConfig(const ConfigRequest& request, const std::string& contexts_path,
                       const std::string& folder, const TableStyle& style) {
  auto text = ConfigCommand(request, contexts_path, folder, style).Run();
  ParseOutcome outcome;
  if (text.ok()) {
    outcome.out = *std::move(text);
    if (request.action == ConfigAction::kGetContexts && outcome.out.empty()) {
      outcome.error =
          absl::StrCat("no contexts in ", contexts_path, ": `listenq config set-context` makes one");
    }
  } else {
    outcome.error = std::string(text.status().message());
    outcome.exit_code = IsUsageError(text.status()) ? kExitUsage : kExitError;
  }
  return outcome;
}

std::string ContextNames(const std::string& contexts_path) {
  const auto contexts = ReadContexts(contexts_path);
  std::string names;
  if (!contexts.ok()) return names;
  for (const Context& context : contexts->all) absl::StrAppend(&names, context.name, "\n");
  return names;
}

}  // namespace listenq::client
