// Servers by name, with what it takes to reach them: the file of `listenq config`.
//
//   current-context: prod
//   contexts:
//     - name: prod
//       server: listenq.example.org:7443
//       tls-ca: prod/ca.pem                # relative paths begin at the file's folder
//       tls-cert: prod/me.pem
//       tls-key: prod/me.key
//       tls-server-name: listenq-aggregator
#ifndef LISTENQ_CLIENT_CONTEXTS_H_
#define LISTENQ_CLIENT_CONTEXTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/tls.h"

namespace listenq::client {

struct Context {
  std::string name;
  // As base::ParseServerAddress takes it.
  std::string server;
  // As they stand in the file.
  base::TlsFiles tls;
  // "" is the server's host.
  std::string tls_server_name;
  // Plaintext beyond this machine too.
  bool insecure = false;
  bool operator==(const Context&) const = default;
};

struct Contexts {
  // "" is none.
  std::string current;
  std::vector<Context> all;
  bool operator==(const Contexts&) const = default;
};

// Where the file is, by the values of $LISTENQ_CONFIG, $XDG_CONFIG_HOME and $HOME ("" is unset); "" when they
// do not say.
std::string ContextsPath(absl::string_view config, absl::string_view config_home, absl::string_view home);

// Mutual TLS needs three files, and neither goes with `insecure` nor with a unix socket. InvalidArgument
// names what is wrong, with `dashes` before it: "--" for flags, "" for keys.
absl::Status CheckTls(const base::TlsFiles& tls, absl::string_view server_name, bool insecure,
                      absl::string_view dashes);
absl::Status CheckContext(const Context& context, absl::string_view dashes);

// InvalidArgument names file, line and key: "config.yaml:3: contexts[0].sever: unknown key; did you mean
// server?".
absl::StatusOr<Contexts> ParseContexts(const std::string& file, const std::string& text);
// Without a file there are no contexts. Else as ParseContexts, or why the file could not be read.
absl::StatusOr<Contexts> ReadContexts(const std::string& path);

std::string ContextsToYaml(const Contexts& contexts);
// Replaces the file as a whole, mode 0600: who reads sees the old one or the new one. Makes the folders above
// it, mode 0700. A link stays one, and its target is replaced. FailedPrecondition when `path` is "".
absl::Status WriteContexts(const std::string& path, const Contexts& contexts);

// The context's paths as the process must open them.
base::TlsFiles FilesOf(const Context& context, const std::string& path);

// NotFound names the file and what it has.
absl::StatusOr<Context> FindContext(const Contexts& contexts, const std::string& name,
                                    const std::string& path);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_CONTEXTS_H_
