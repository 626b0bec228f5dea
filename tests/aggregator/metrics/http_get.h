// One HTTP request, byte by byte as the test wants it.
#ifndef LISTENQ_TESTS_AGGREGATOR_METRICS_HTTP_GET_H_
#define LISTENQ_TESTS_AGGREGATOR_METRICS_HTTP_GET_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "agent/sys/unique_fd.h"

namespace listenq::test {

// A connection to 127.0.0.1:port; none when there is nobody.
inline sys::UniqueFd ConnectTo(uint16_t port) {
  sys::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) fd.reset();
  return fd;
}

struct HttpReply {
  int status = 0;
  std::string head;
  std::string body;
};

// What comes back until the server closes; status 0 is nothing that is HTTP.
inline HttpReply SendRaw(uint16_t port, const std::string& request) {
  const sys::UniqueFd fd = ConnectTo(port);
  if (send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return {};
  std::string all;
  std::array<char, 4096> part{};
  ssize_t size = 0;
  while ((size = read(fd.get(), part.data(), part.size())) > 0) {
    all.append(part.data(), static_cast<size_t>(size));
  }
  const size_t end = all.find("\r\n\r\n");
  if (end == std::string::npos || all.rfind("HTTP/1.", 0) != 0) return {};
  HttpReply reply{.head = all.substr(0, end), .body = all.substr(end + 4)};
  if (!absl::SimpleAtoi(absl::string_view(all).substr(9, 3), &reply.status)) return {};
  return reply;
}

inline HttpReply Get(uint16_t port, const std::string& path, const std::string& headers = "") {
  return SendRaw(port, absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: x\r\n", headers, "\r\n"));
}

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_AGGREGATOR_METRICS_HTTP_GET_H_
