#include "agent/model/connections.h"

#include <algorithm>

namespace listenq::model {
namespace {

constexpr std::array<absl::string_view, kTcpStates> kNames = {
    "ESTABLISHED", "SYN_SENT", "SYN_RECV",   "FIN_WAIT1", "FIN_WAIT2",
    "TIME_WAIT",   "CLOSE",    "CLOSE_WAIT", "LAST_ACK",  "CLOSING"};

}  // namespace

absl::string_view TcpStateName(TcpState state) { return kNames[static_cast<size_t>(state)]; }

IpAddress WithoutV4Mapping(const IpAddress& address) {
  static constexpr std::array<uint8_t, 12> kPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (address.family == IpAddress::Family::kV4 ||
      !std::equal(kPrefix.begin(), kPrefix.end(), address.bytes.begin())) {
    return address;
  }
  IpAddress v4;
  std::copy(address.bytes.begin() + kPrefix.size(), address.bytes.end(), v4.bytes.begin());
  return v4;
}

}  // namespace listenq::model
