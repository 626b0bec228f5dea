// Where a server listens and where a client finds it, as people write it.
//
//   unix:///run/listenq/agent.sock, unix:/run/listenq/agent.sock, /run/listenq/agent.sock
//   127.0.0.1:7070, [::1]:7070, localhost:7070
//   node-1.example.org:7443, 10.1.2.3:7443, tls://127.0.0.1:7443, and to listen on :7443
#ifndef LISTENQ_BASE_ADDRESS_H_
#define LISTENQ_BASE_ADDRESS_H_

#include <cstdint>
#include <string>
#include <tuple>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace listenq::base {

inline constexpr char kDefaultAgentAddress[] = "unix:///run/listenq/agent.sock";

struct Address {
  // An absolute path of a unix socket; "" for TCP.
  std::string socket_path;
  // A name or an IP address without brackets; "" for a unix socket.
  std::string host;
  uint16_t port = 0;
  // Mutual TLS is spoken there.
  bool tls = false;

  [[nodiscard]] bool is_unix() const { return !socket_path.empty(); }
  bool operator==(const Address&) const = default;
  bool operator<(const Address& other) const {
    return std::tie(socket_path, host, port, tls) <
           std::tie(other.socket_path, other.host, other.port, other.tls);
  }
};

// What an address beyond this machine is. Unix sockets and loopback are plaintext, but for "tls://HOST:PORT".
enum class OffMachine { kRefused, kTls, kPlaintext };

// An address that can't be listened on is InvalidArgument, and says what can. A socket path has at most 107
// bytes (sockaddr_un). Port 0 takes a free one; a host is an IP address, or absent for all of them.
absl::StatusOr<Address> ParseListenAddress(absl::string_view text, OffMachine off = OffMachine::kRefused);
// The same for a client; port 0 is InvalidArgument, a host may be a name.
absl::StatusOr<Address> ParseServerAddress(absl::string_view text, OffMachine off = OffMachine::kTls);

// "unix:///run/listenq/agent.sock", "127.0.0.1:7070", "tls://10.1.2.3:7443": parses back to the same address,
// by the same OffMachine.
std::string ToString(const Address& address);
// "127.0.0.1:7070", "[::1]:7070": of a TCP address, without what is spoken there.
std::string HostPort(const Address& address);

}  // namespace listenq::base

#endif  // LISTENQ_BASE_ADDRESS_H_
