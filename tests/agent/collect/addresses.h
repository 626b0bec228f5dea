// Addresses from text, for the tests of this room.
#ifndef LISTENQ_TESTS_AGENT_COLLECT_ADDRESSES_H_
#define LISTENQ_TESTS_AGENT_COLLECT_ADDRESSES_H_

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <string>

#include "agent/model/listener.h"

namespace listenq::collect::testing {

// A ':' in it makes an IPv6 one.
inline model::IpAddress Address(const std::string& text) {
  model::IpAddress address;
  const bool v6 = text.find(':') != std::string::npos;
  address.family = v6 ? model::IpAddress::Family::kV6 : model::IpAddress::Family::kV4;
  EXPECT_EQ(inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), address.bytes.data()), 1) << text;
  return address;
}

}  // namespace listenq::collect::testing

#endif  // LISTENQ_TESTS_AGENT_COLLECT_ADDRESSES_H_
