#include "agent/model/connections.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <string>

namespace listenq::model {
namespace {

IpAddress V6(const std::string& text) {
  IpAddress address{.family = IpAddress::Family::kV6};
  EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), address.bytes.data()), 1) << text;
  return address;
}

TEST(TcpStateName, IsTheKernels) {
  EXPECT_EQ(TcpStateName(TcpState::kEstablished), "ESTABLISHED");
  EXPECT_EQ(TcpStateName(TcpState::kSynRecv), "SYN_RECV");
  EXPECT_EQ(TcpStateName(TcpState::kFinWait2), "FIN_WAIT2");
  EXPECT_EQ(TcpStateName(TcpState::kTimeWait), "TIME_WAIT");
  EXPECT_EQ(TcpStateName(TcpState::kCloseWait), "CLOSE_WAIT");
  EXPECT_EQ(TcpStateName(TcpState::kClosing), "CLOSING");
}

TEST(WithoutV4Mapping, MakesAMappedAddressIpv4) {
  IpAddress v4;
  v4.bytes[0] = 10;
  v4.bytes[3] = 1;
  EXPECT_EQ(WithoutV4Mapping(V6("::ffff:10.0.0.1")), v4);
  EXPECT_EQ(WithoutV4Mapping(v4), v4);
}

TEST(WithoutV4Mapping, LeavesOtherAddressesAlone) {
  for (const char* text : {"::", "::1", "fd00::ffff:10.0.0.1", "::fffe:10.0.0.1", "64:ff9b::10.0.0.1"}) {
    EXPECT_EQ(WithoutV4Mapping(V6(text)), V6(text)) << text;
  }
}

}  // namespace
}  // namespace listenq::model
