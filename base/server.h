// Starts a gRPC server on its addresses: plaintext on some, mutual TLS on others.
#ifndef LISTENQ_BASE_SERVER_H_
#define LISTENQ_BASE_SERVER_H_

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "base/address.h"
#include "base/tls_server.h"
#include "base/unix_socket.h"

namespace listenq::base {

// gRPC itself refuses a larger request, before it is parsed: RESOURCE_EXHAUSTED (ServerBuilder's
// SetMaxReceiveMessageSize).
inline constexpr int kMaxRequestBytes = 64 << 10;

// A listening server. What stands before it outlives it; the server removes its socket files when it goes.
struct Listening {
  std::vector<SocketClaim> claims;
  std::vector<std::shared_ptr<grpc::ServerCredentials>> credentials;
  std::unique_ptr<grpc::Server> server;
  // As given; a port that was 0 is the one taken.
  std::vector<Address> addresses;
};

// InvalidArgument: one of the addresses speaks TLS, and there are no certificates for it.
absl::Status CheckListen(const std::vector<Address>& addresses, bool have_tls);

// Adds the addresses to `builder`, which has its services already, bounds requests, streams and the age of
// connections, and starts; health and reflection are served too. A unix socket ends up 0660 and is never
// wider. Threading: call it before the process starts threads that make files (it sets the umask).
// FailedPrecondition: another server has the socket. InvalidArgument: an address speaks TLS and `tls` is
// null. Unavailable: gRPC could not bind; a port that another process has is not shared with it.
absl::StatusOr<Listening> StartServer(grpc::ServerBuilder& builder, const std::vector<Address>& addresses,
                                      const TlsServerOptions* tls = nullptr);

}  // namespace listenq::base

#endif  // LISTENQ_BASE_SERVER_H_
