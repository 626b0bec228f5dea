#include "tests/support/sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/support/wait.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

namespace listenq::test {
namespace {

void CheckCall(bool ok, const std::string& action) {
  if (!ok) Die(absl::StrCat(action, ": ", strerror(errno)));
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress ToSocketAddress(const std::string& address, uint16_t port) {
  SocketAddress result;
  int parsed = 0;
  if (absl::StrContains(address, ':')) {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    parsed = inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr);
    result.length = sizeof(*v6);
  } else {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&result.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    parsed = inet_pton(AF_INET, address.c_str(), &v4->sin_addr);
    result.length = sizeof(*v4);
  }
  if (parsed != 1) Die(absl::StrCat("parse address ", address));
  return result;
}

void SetOption(int fd, int level, int option, int value) {
  CheckCall(setsockopt(fd, level, option, &value, sizeof(value)) == 0, absl::StrCat("set option ", option));
}

void RefuseByFilter(int fd) {
  sock_filter refuse = BPF_STMT(BPF_RET | BPF_K, 0);
  const sock_fprog program{.len = 1, .filter = &refuse};
  CheckCall(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0, "attach filter");
}

void ApplyOptions(int fd, const ListenOptions& options) {
  SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (options.reuse_port) SetOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (options.v6_only.has_value()) SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, *options.v6_only ? 1 : 0);
  if (options.defer_accept != 0) SetOption(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, options.defer_accept);
  if (options.refuse_by_filter) RefuseByFilter(fd);
  if (!options.device.empty()) {
    CheckCall(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options.device.data(),
                         static_cast<socklen_t>(options.device.size())) == 0,
              absl::StrCat("bind to device ", options.device));
  }
}

uint16_t LocalPort(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof(storage);
  CheckCall(getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) == 0, "get local address");
  // The port stands at the same place in both families.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

void Identify(TestListener* listener) {
  socklen_t length = sizeof(listener->cookie);
  CheckCall(getsockopt(listener->fd.get(), SOL_SOCKET, SO_COOKIE, &listener->cookie, &length) == 0,
            "get cookie");
  struct stat info = {};
  CheckCall(fstat(listener->fd.get(), &info) == 0, "stat socket");
  listener->inode = info.st_ino;
}

TestListener ListenHere(const ListenOptions& options) {
  const SocketAddress address = ToSocketAddress(options.address, options.port);
  const int protocol = options.mptcp ? IPPROTO_MPTCP : IPPROTO_TCP;
  TestListener result{.fd = sys::UniqueFd(socket(address.get()->sa_family,
                                                 SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol)),
                      .address = options.address};
  const int fd = result.fd.get();
  CheckCall(result.fd.valid(), "create socket");
  ApplyOptions(fd, options);
  const std::string name = absl::StrCat(options.address, " port ", options.port);
  CheckCall(bind(fd, address.get(), address.length) == 0, absl::StrCat("bind ", name));
  CheckCall(listen(fd, options.backlog) == 0, absl::StrCat("listen on ", name));
  result.port = LocalPort(fd);
  Identify(&result);
  return result;
}

sys::UniqueFd StartConnect(const SocketAddress& address) {
  sys::UniqueFd fd(socket(address.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  CheckCall(fd.valid(), "create socket");
  CheckCall(connect(fd.get(), address.get(), address.length) == 0 || errno == EINPROGRESS, "connect");
  return fd;
}

bool IsEstablished(const sys::UniqueFd& connection) {
  tcp_info info{};
  socklen_t length = sizeof(info);
  CheckCall(getsockopt(connection.get(), IPPROTO_TCP, TCP_INFO, &info, &length) == 0, "get TCP_INFO");
  return info.tcpi_state == TCP_ESTABLISHED;
}

}  // namespace

TestListener Listen(const NetnsRunner& netns, const ListenOptions& options) {
  return netns.Run([&] { return ListenHere(options); });
}

std::vector<TestListener> ListenGroup(const NetnsRunner& netns, ListenOptions options, size_t count) {
  options.reuse_port = true;
  return netns.Run([&] {
    std::vector<TestListener> group;
    while (group.size() < count) {
      group.push_back(ListenHere(options));
      options.port = group.front().port;
    }
    return group;
  });
}

void ListenAgain(const TestListener& listener, int backlog) {
  CheckCall(listen(listener.fd.get(), backlog) == 0, "listen again");
}

sys::UniqueFd Connect(const NetnsRunner& netns, const std::string& address, uint16_t port) {
  sys::UniqueFd fd = netns.Run([&] { return StartConnect(ToSocketAddress(address, port)); });
  pollfd entry{.fd = fd.get(), .events = POLLOUT, .revents = 0};
  if (poll(&entry, 1, static_cast<int>(absl::ToInt64Milliseconds(kPatience))) != 1 || !IsEstablished(fd)) {
    Die(absl::StrCat("connect to ", address, " port ", port, ": not established"));
  }
  return fd;
}

std::vector<sys::UniqueFd> StartConnects(const NetnsRunner& netns, const std::string& address, uint16_t port,
                                         size_t count) {
  const SocketAddress target = ToSocketAddress(address, port);
  return netns.Run([&] {
    std::vector<sys::UniqueFd> connections;
    while (connections.size() < count) connections.push_back(StartConnect(target));
    return connections;
  });
}

size_t CountEstablished(const std::vector<sys::UniqueFd>& connections) {
  size_t count = 0;
  for (const sys::UniqueFd& connection : connections) count += IsEstablished(connection) ? 1 : 0;
  return count;
}

void LeaveTimeWaits(const NetnsRunner& netns, const TestListener& listener, size_t count) {
  // Else loopback takes ports in TIME_WAIT again.
  const absl::Status status = netns.SetSysctl("net.ipv4.tcp_tw_reuse", "0");
  if (!status.ok()) Die(status.ToString());
  const SocketAddress target = ToSocketAddress(listener.address, listener.port);
  netns.Run([&] {
    for (size_t i = 0; i < count; ++i) {
      sys::UniqueFd client = StartConnect(target);
      // The handshake over loopback ends within connect(2).
      const sys::UniqueFd server(accept4(listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
      CheckCall(server.valid(), "accept");
      client.reset();
    }
  });
}

size_t AcceptAll(const TestListener& listener) {
  size_t count = 0;
  for (;;) {
    const sys::UniqueFd accepted(accept4(listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!accepted.valid()) break;
    ++count;
  }
  CheckCall(errno == EAGAIN, "accept");
  return count;
}

}  // namespace listenq::test
