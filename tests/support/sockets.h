// Listeners and clients inside namespaces. All of it dies on errors that no test expects.
#ifndef LISTENQ_TESTS_SUPPORT_SOCKETS_H_
#define LISTENQ_TESTS_SUPPORT_SOCKETS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/sys/unique_fd.h"
#include "tests/support/test_netns.h"

namespace listenq::test {

struct ListenOptions {
  // Numeric; a ':' in it makes an AF_INET6 socket.
  std::string address = "127.0.0.1";
  // 0: the kernel chooses.
  uint16_t port = 0;
  // As given to listen(2), -1 included.
  int backlog = 128;
  bool reuse_port = false;
  // IPV6_V6ONLY; absent: the namespace's default.
  std::optional<bool> v6_only;
  // SO_BINDTODEVICE; "" is none.
  std::string device;
  bool mptcp = false;
  // TCP_DEFER_ACCEPT in seconds; 0 is off.
  int defer_accept = 0;
  // SO_ATTACH_FILTER with a program that refuses every packet.
  bool refuse_by_filter = false;
};

struct TestListener {
  sys::UniqueFd fd;
  std::string address;
  uint16_t port = 0;
  // SO_COOKIE and socket:[N]. Of an MPTCP listener: the MPTCP socket's own, not its TCP one's.
  uint64_t cookie = 0;
  uint64_t inode = 0;
};

[[nodiscard]] TestListener Listen(const NetnsRunner& netns, const ListenOptions& options);
// `count` sockets on one port with SO_REUSEPORT.
[[nodiscard]] std::vector<TestListener> ListenGroup(const NetnsRunner& netns, ListenOptions options,
                                                    size_t count);
// listen(2) again on the same socket.
void ListenAgain(const TestListener& listener, int backlog);

// A TCP connection that is established on return.
[[nodiscard]] sys::UniqueFd Connect(const NetnsRunner& netns, const std::string& address, uint16_t port);
// Starts `count` connections and waits for none of them. Those that are refused silently retransmit after a
// second.
[[nodiscard]] std::vector<sys::UniqueFd> StartConnects(const NetnsRunner& netns, const std::string& address,
                                                       uint16_t port, size_t count);
// How many of them are established right now.
[[nodiscard]] size_t CountEstablished(const std::vector<sys::UniqueFd>& connections);
// Connects `count` times and closes both ends, the client's first: it leaves TIME_WAIT sockets, one a local
// port. They stay for a minute.
void LeaveTimeWaits(const NetnsRunner& netns, const TestListener& listener, size_t count);
// accept(2) as often as a connection is waiting; returns how many.
size_t AcceptAll(const TestListener& listener);

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_SUPPORT_SOCKETS_H_
