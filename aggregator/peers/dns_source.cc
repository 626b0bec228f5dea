#include "aggregator/peers/dns_source.h"

#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sys/socket.h>

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "agent/sys/status.h"

namespace listenq::aggregator {
namespace {

// Of this thread's queries. glibc's own, 5 s twice for each name server and domain, would hold the program's
// end for most of a minute. Settings of ours keep resolv.conf from being read again: that is done here.
void LimitResolver() {
  res_init();
  _res.retrans = 1;
  _res.retry = 2;
}

std::string TextOf(const addrinfo& entry) {
  char host[NI_MAXHOST] = "";
  getnameinfo(entry.ai_addr, entry.ai_addrlen, host, sizeof(host), nullptr, 0, NI_NUMERICHOST);
  return host;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ResolveName(const std::string& name) {
  LimitResolver();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(name.c_str(), nullptr, &hints, &found); error != 0) {
    const char* const cause = error == EAI_NONAME ? "no such name" : gai_strerror(error);
    return absl::UnavailableError(absl::StrCat("resolve ", name, ": ", cause));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  std::set<std::string> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    addresses.insert(TextOf(*entry));
  }
  addresses.erase("");
  return std::vector<std::string>(addresses.begin(), addresses.end());
}

absl::StatusOr<std::unique_ptr<DnsSource>> DnsSource::Make(absl::string_view text,
                                                           base::OffMachine off_machine, Resolve resolve) {
  ASSIGN_OR_RETURN(base::Address named, base::ParseServerAddress(text, off_machine));
  if (named.is_unix()) {
    return absl::InvalidArgumentError(absl::StrCat("parse peers \"dns:///", text, "\": it is not NAME:PORT"));
  }
  return std::unique_ptr<DnsSource>(new DnsSource(std::move(named), std::move(resolve)));
}

absl::StatusOr<PeerList> DnsSource::Read() {
  ASSIGN_OR_RETURN(const std::vector<std::string> hosts, resolve_(named_.host));
  if (hosts.empty()) return absl::UnavailableError(absl::StrCat("resolve ", named_.host, ": no address"));
  PeerList list = {.size_unknown = true};
  for (const std::string& host : hosts) {
    base::Address address = named_;
    address.host = host;
    list.peers.push_back({.address = std::move(address)});
  }
  return list;
}

}  // namespace listenq::aggregator
