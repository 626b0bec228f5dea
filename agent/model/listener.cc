#include "agent/model/listener.h"

#include <arpa/inet.h>

namespace listenq::model {

std::string ToString(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = address.family == IpAddress::Family::kV4 ? AF_INET : AF_INET6;
  inet_ntop(family, address.bytes.data(), text.data(), text.size());
  return text.data();
}

}  // namespace listenq::model
