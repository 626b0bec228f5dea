// Where a server listens and where a client finds it, as people write it.
//
//   unix:///run/listenq/agent.sock, unix:/run/listenq/agent.sock, /run/listenq/agent.sock
//   127.0.0.1:7070, [::1]:7070, localhost:7070
#ifndef LISTENQ_BASE_ADDRESS_H_
#define LISTENQ_BASE_ADDRESS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace listenq::base {

inline constexpr char kDefaultAgentAddress[] = "unix:///run/listenq/agent.sock";

struct Address {
  // An absolute path of a unix socket; "" for TCP.
  std::string socket_path;
  // A loopback address without brackets, or "localhost"; "" for a unix socket.
  std::string host;
  uint16_t port = 0;

  [[nodiscard]] bool is_unix() const { return !socket_path.empty(); }
  bool operator==(const Address&) const = default;
};

// Plaintext gRPC goes over unix sockets and loopback only: any other address is InvalidArgument and says who
// listens on a network. A socket path has at most 107 bytes (sockaddr_un). Port 0 takes a free one.
absl::StatusOr<Address> ParseListenAddress(absl::string_view text);
// The same for a client; port 0 is InvalidArgument.
absl::StatusOr<Address> ParseServerAddress(absl::string_view text);

// "unix:///run/listenq/agent.sock", "127.0.0.1:7070": for messages; parses back to the same address.
std::string ToString(const Address& address);

}  // namespace listenq::base

#endif  // LISTENQ_BASE_ADDRESS_H_
