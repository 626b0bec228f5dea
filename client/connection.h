// Which server is asked, and how it is reached.
#ifndef LISTENQ_CLIENT_CONNECTION_H_
#define LISTENQ_CLIENT_CONNECTION_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/address.h"
#include "base/tls.h"
#include "client/options.h"

namespace listenq::client {

struct Connection {
  // As somebody wrote it: for messages.
  std::string server;
  base::Address address;
  // Paths; empty unless address.tls.
  base::TlsFiles tls;
  // The name that the server's certificate must carry; "" is the address' host.
  std::string server_name;
  // When the certificate in tls.cert expires; of files that have not been read it is not known.
  absl::Time not_after = absl::InfiniteFuture();
  // Why the way there is gone for good, Aborted: waits for that for so long at most. OK while it is there;
  // null where the way is just the network.
  std::function<absl::Status(absl::Duration)> why_lost;
};

// The server is --server's, else --context's, else $LISTENQ_SERVER's (`variable`, "" is unset), else the
// current context's, else the agent's of this machine. Certificates are the flags', else those of the context
// whose server it is, or that --context names. Reads the file of contexts at `contexts_path` only where a
// context may count; certificates it does not read.
// InvalidArgument, NotFound (a context): in the words of flags.
absl::StatusOr<Connection> ChooseServer(const ServerFlags& flags, const std::string& variable,
                                        const std::string& contexts_path);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_CONNECTION_H_
