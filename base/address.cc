#include "base/address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "agent/sys/status.h"

namespace listenq::base {
namespace {

constexpr absl::string_view kForms = "a unix socket (unix:///run/x.sock) or HOST:PORT (127.0.0.1:7070)";

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

bool IsV6(const std::string& host) {
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1;
}

bool IsIp(const std::string& host) {
  in_addr v4{};
  return inet_pton(AF_INET, host.c_str(), &v4) == 1 || IsV6(host);
}

bool IsLoopback(const std::string& host) {
  if (host == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

// What a name in DNS is made of.
bool IsHostName(absl::string_view host) {
  return host.size() <= 253 && std::all_of(host.begin(), host.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_';
         });
}

// Splits "host:port", "[v6]:port" and ":port".
absl::StatusOr<Address> ParseHostPort(absl::string_view text, absl::string_view rest) {
  const size_t colon = rest.rfind(':');
  if (colon == absl::string_view::npos) return Invalid(text, absl::StrCat("it is not ", kForms));
  absl::string_view host = rest.substr(0, colon);
  const bool bracketed = absl::ConsumePrefix(&host, "[") && absl::ConsumeSuffix(&host, "]");
  const bool is_good = bracketed ? IsV6(std::string(host)) : IsHostName(host);
  if (!is_good) {
    return Invalid(text, absl::StrCat("it is not ", kForms, "; an IPv6 address stands in brackets"));
  }
  uint32_t port = 0;
  if (!absl::SimpleAtoi(rest.substr(colon + 1), &port) || port > 65535) {
    return Invalid(text, "the port must be a number up to 65535");
  }
  return Address{.host = std::string(host), .port = static_cast<uint16_t>(port)};
}

absl::StatusOr<Address> Parse(absl::string_view text, OffMachine off, absl::string_view refusal) {
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "unix://") || absl::ConsumePrefix(&rest, "unix:")) {
    return ParseSocketPath(text, rest);
  }
  if (!text.empty() && text.front() == '/') return ParseSocketPath(text, text);
  const bool asks_for_tls = absl::ConsumePrefix(&rest, "tls://");
  ASSIGN_OR_RETURN(Address address, ParseHostPort(text, rest));
  const bool is_off_machine = !IsLoopback(address.host);
  if (off == OffMachine::kRefused && (is_off_machine || asks_for_tls)) return Invalid(text, refusal);
  address.tls = asks_for_tls || (is_off_machine && off == OffMachine::kTls);
  return address;
}

}  // namespace

absl::StatusOr<Address> ParseListenAddress(absl::string_view text, OffMachine off) {
  ASSIGN_OR_RETURN(Address address,
                   Parse(text, off,
                         "listenq-agent listens on unix sockets and loopback ports only; network listeners "
                         "need mutual TLS and belong to listenq-aggregator"));
  if (address.is_unix()) return address;
  // A server resolves no names.
  if (address.host == "localhost") address.host = "127.0.0.1";
  if (address.host.empty()) address.host = "::";
  if (!IsIp(address.host)) return Invalid(text, "a server listens on an IP address, not on a name");
  return address;
}

absl::StatusOr<Address> ParseServerAddress(absl::string_view text, OffMachine off) {
  ASSIGN_OR_RETURN(Address address,
                   Parse(text, off, "it must be a unix socket or a loopback port of this machine"));
  if (address.is_unix()) return address;
  if (address.port == 0) return Invalid(text, "the port must not be 0");
  if (address.host.empty()) return Invalid(text, "the host is missing");
  return address;
}

std::string ToString(const Address& address) {
  if (address.is_unix()) return absl::StrCat("unix://", address.socket_path);
  return absl::StrCat(address.tls ? "tls://" : "", HostPort(address));
}

std::string HostPort(const Address& address) {
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return is_v6 ? absl::StrCat("[", address.host, "]:", address.port)
               : absl::StrCat(address.host, ":", address.port);
}

}  // namespace listenq::base
