// Starts a gRPC server without TLS where that is allowed: on a unix socket or a loopback port.
#ifndef LISTENQ_BASE_SERVER_H_
#define LISTENQ_BASE_SERVER_H_

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "base/address.h"
#include "base/unix_socket.h"

namespace listenq::base {

// gRPC itself refuses a larger request, before it is parsed: RESOURCE_EXHAUSTED (ServerBuilder's
// SetMaxReceiveMessageSize).
inline constexpr int kMaxRequestBytes = 64 << 10;

// A listening server. The claim outlives the server, which removes its socket file when it goes.
struct PlainServer {
  std::optional<SocketClaim> claim;
  std::unique_ptr<grpc::Server> server;
  // As given; a port that was 0 is the one taken.
  Address address;
};

// Adds the port to `builder`, which has its services already, bounds requests and streams, and starts; health
// and reflection are served too. A unix socket ends up 0660 and is
// never wider. Threading: call it before the process starts threads that make files (it sets the umask).
// FailedPrecondition: another agent has the socket. Unavailable: gRPC could not bind; a port that another
// process has is not shared with it.
absl::StatusOr<PlainServer> StartPlainServer(grpc::ServerBuilder& builder, const Address& address);

}  // namespace listenq::base

#endif  // LISTENQ_BASE_SERVER_H_
