#include "base/address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "agent/sys/status.h"

namespace listenq::base {
namespace {

constexpr absl::string_view kForms = "a unix socket (unix:///run/x.sock) or a loopback port (127.0.0.1:7070)";

absl::Status Invalid(absl::string_view text, absl::string_view cause) {
  return absl::InvalidArgumentError(absl::StrCat("parse address \"", text, "\": ", cause));
}

absl::StatusOr<Address> ParseSocketPath(absl::string_view text, absl::string_view path) {
  if (path.empty() || path.front() != '/') return Invalid(text, "a socket's path must be absolute");
  if (path.back() == '/') return Invalid(text, "it names a folder, not a socket");
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return Invalid(text, absl::StrCat("a socket's path has at most ", sizeof(sockaddr_un::sun_path) - 1,
                                      " bytes, this one has ", path.size()));
  }
  return Address{.socket_path = std::string(path)};
}

bool IsLoopback(const std::string& host) {
  if (host == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

// Splits "host:port" and "[v6]:port".
absl::StatusOr<Address> ParseHostPort(absl::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return Invalid(text, absl::StrCat("it is not ", kForms));
  absl::string_view host = text.substr(0, colon);
  const bool bracketed = absl::ConsumePrefix(&host, "[") && absl::ConsumeSuffix(&host, "]");
  if (!bracketed && host.find(':') != absl::string_view::npos) {
    return Invalid(text, absl::StrCat("it is not ", kForms, "; an IPv6 address stands in brackets"));
  }
  uint32_t port = 0;
  if (!absl::SimpleAtoi(text.substr(colon + 1), &port) || port > 65535) {
    return Invalid(text, "the port must be a number up to 65535");
  }
  return Address{.host = std::string(host), .port = static_cast<uint16_t>(port)};
}

absl::StatusOr<Address> Parse(absl::string_view text, absl::string_view not_loopback) {
  absl::string_view path = text;
  if (absl::ConsumePrefix(&path, "unix://") || absl::ConsumePrefix(&path, "unix:")) {
    return ParseSocketPath(text, path);
  }
  if (!text.empty() && text.front() == '/') return ParseSocketPath(text, text);
  ASSIGN_OR_RETURN(Address address, ParseHostPort(text));
  if (!IsLoopback(address.host)) return Invalid(text, not_loopback);
  return address;
}

}  // namespace

absl::StatusOr<Address> ParseListenAddress(absl::string_view text) {
  ASSIGN_OR_RETURN(Address address,
                   Parse(text,
                         "listenq-agent listens on unix sockets and loopback ports only; network listeners "
                         "need mutual TLS and belong to listenq-aggregator"));
  // A privileged process resolves no names.
  if (address.host == "localhost") address.host = "127.0.0.1";
  return address;
}

absl::StatusOr<Address> ParseServerAddress(absl::string_view text) {
  ASSIGN_OR_RETURN(Address address, Parse(text,
                                          "without TLS a server is reached by a unix socket or a loopback "
                                          "port only (kubectl port-forward makes one)"));
  if (!address.is_unix() && address.port == 0) return Invalid(text, "the port must not be 0");
  return address;
}

std::string ToString(const Address& address) {
  if (address.is_unix()) return absl::StrCat("unix://", address.socket_path);
  const bool v6 = address.host.find(':') != std::string::npos;
  return v6 ? absl::StrCat("[", address.host, "]:", address.port)
            : absl::StrCat(address.host, ":", address.port);
}

}  // namespace listenq::base
