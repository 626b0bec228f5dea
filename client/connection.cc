#include "client/connection.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/sys/status.h"
#include "client/contexts.h"

namespace listenq::client {
namespace {

// The address and who said it.
struct Said {
  std::string server;
  std::string by;
};

absl::StatusOr<std::optional<Context>> ContextFor(const ServerFlags& flags, const std::string& variable,
                                                  const std::string& path) {
  const bool is_named = !flags.context.empty();
  if (!is_named && (!flags.server.empty() || !variable.empty())) return std::nullopt;
  ASSIGN_OR_RETURN(const Contexts contexts, ReadContexts(path));
  const std::string& name = is_named ? flags.context : contexts.current;
  if (name.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(Context context, FindContext(contexts, name, path));
  context.tls = FilesOf(context, path);
  return context;
}

Said WhoIsAsked(const ServerFlags& flags, const std::string& variable,
                const std::optional<Context>& context) {
  if (!flags.server.empty()) return {flags.server, "--server"};
  if (context) return {context->server, absl::StrCat("context ", context->name)};
  if (!variable.empty()) return {variable, "LISTENQ_SERVER"};
  return {base::kDefaultAgentAddress, "the default"};
}

// What of TLS counts: flags one by one over the context's.
struct TlsChoice {
  base::TlsFiles files;
  std::string server_name;
  bool insecure = false;
};

TlsChoice ChooseTls(const ServerFlags& flags, const std::optional<Context>& context) {
  TlsChoice choice = {.files = flags.tls, .server_name = flags.tls_server_name, .insecure = flags.insecure};
  if (!context || flags.insecure) return choice;
  if (choice.files.ca.empty()) choice.files.ca = context->tls.ca;
  if (choice.files.cert.empty()) choice.files.cert = context->tls.cert;
  if (choice.files.key.empty()) choice.files.key = context->tls.key;
  if (choice.server_name.empty()) choice.server_name = context->tls_server_name;
  choice.insecure = context->insecure && flags.tls.empty();
  return choice;
}

absl::Status NoTlsOnUnixSockets(const ServerFlags& flags, const std::string& server) {
  if (flags.tls.empty() && flags.tls_server_name.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(flags.tls.empty() ? "--tls-server-name" : "--tls-ca",
                                                 " does not go with ", server,
                                                 ": a unix socket speaks no TLS\nwho is asked: --server "
                                                 "HOST:PORT"));
}

}  // namespace

// Step 1: the context; step 2: the address; step 3: what is spoken there.
absl::StatusOr<Connection> ChooseServer(const ServerFlags& flags, const std::string& variable,
                                        const std::string& contexts_path) {
  ASSIGN_OR_RETURN(const std::optional<Context> context, ContextFor(flags, variable, contexts_path));
  const Said said = WhoIsAsked(flags, variable, context);
  TlsChoice tls = ChooseTls(flags, context);
  RETURN_IF_ERROR(CheckTls(tls.files, tls.server_name, tls.insecure, "--"));
  const auto address = base::ParseServerAddress(
      said.server, tls.insecure ? base::OffMachine::kPlaintext : base::OffMachine::kTls);
  if (!address.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(said.by, ": ", address.status().message()));
  }
  Connection connection = {.server = said.server, .address = *address};
  if (address->is_unix()) {
    RETURN_IF_ERROR(NoTlsOnUnixSockets(flags, said.server));
    return connection;
  }
  connection.address.tls = address->tls || !tls.files.empty();
  if (!connection.address.tls) return connection;
  if (tls.insecure) {
    return absl::InvalidArgumentError(
        absl::StrCat("--insecure does not go with ", said.server, ": it means no TLS"));
  }
  if (tls.files.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(said.server,
                     " is asked over mutual TLS: give --tls-ca, --tls-cert and --tls-key, or a "
                     "context that has them\nwithout TLS: --insecure"));
  }
  connection.tls = std::move(tls.files);
  connection.server_name = std::move(tls.server_name);
  return connection;
}

}  // namespace listenq::client
