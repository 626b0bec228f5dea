#include "agent/collect/listener_match.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/agent/collect/addresses.h"

namespace listenq::collect {
namespace {

using testing::Address;

model::ListenerReading Bound(const std::string& address, uint32_t bound_interface = 0,
                             std::optional<bool> v6_only = std::nullopt) {
  model::ListenerReading listener;
  listener.address = Address(address);
  listener.port = 80;
  listener.bound_interface = bound_interface;
  listener.v6_only = v6_only;
  return listener;
}

// The address of the listener that takes a packet to `local`, port 80.
std::string Takes(const std::vector<model::ListenerReading>& listeners, const std::string& local,
                  uint32_t bound_interface = 0) {
  model::Connection entry{.state = model::TcpState::kSynRecv, .local = Address(local), .local_port = 80};
  entry.bound_interface = bound_interface;
  return model::ToString(ListenerMatch(listeners).AddressFor(entry));
}

TEST(ListenerMatch, TheOwnAddressComesBeforeAWildcard) {
  const std::vector<model::ListenerReading> both = {Bound("0.0.0.0"), Bound("10.0.0.1")};
  EXPECT_EQ(Takes(both, "10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(Takes(both, "10.0.0.2"), "0.0.0.0");
}

TEST(ListenerMatch, ADualStackWildcardTakesIpv4) {
  EXPECT_EQ(Takes({Bound("::", 0, false)}, "10.0.0.1"), "::");
  EXPECT_EQ(Takes({Bound("::", 0, false)}, "::ffff:10.0.0.1"), "::");
  EXPECT_EQ(Takes({Bound("::", 0, false)}, "fd00::1"), "::");
}

TEST(ListenerMatch, AnIpv4WildcardComesBeforeADualStackOne) {
  const std::vector<model::ListenerReading> both = {Bound("::", 0, false), Bound("0.0.0.0")};
  EXPECT_EQ(Takes(both, "10.0.0.1"), "0.0.0.0");
  EXPECT_EQ(Takes(both, "fd00::1"), "::");
}

TEST(ListenerMatch, AnIpv6OnlyWildcardTakesNoIpv4) {
  EXPECT_EQ(Takes({Bound("::", 0, true)}, "10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(Takes({Bound("::", 0, true)}, "::ffff:10.0.0.1"), "10.0.0.1");
}

TEST(ListenerMatch, AMappedAddressIsReportedAsItIsBound) {
  EXPECT_EQ(Takes({Bound("::ffff:10.0.0.1", 0, false)}, "::ffff:10.0.0.1"), "::ffff:10.0.0.1");
  EXPECT_EQ(Takes({Bound("::ffff:10.0.0.1", 0, false)}, "10.0.0.1"), "::ffff:10.0.0.1");
}

TEST(ListenerMatch, AnInterfaceMustFit) {
  const std::vector<model::ListenerReading> bound = {Bound("0.0.0.0", 7)};
  EXPECT_EQ(Takes(bound, "10.0.0.1", 7), "0.0.0.0");
  EXPECT_EQ(Takes(bound, "10.0.0.1", 8), "10.0.0.1");
  EXPECT_EQ(Takes(bound, "10.0.0.1", 0), "10.0.0.1");
  // A link-local peer leaves its interface in the entry though the listener is bound to none.
  EXPECT_EQ(Takes({Bound("::")}, "fe80::1", 7), "::");
}

TEST(ListenerMatch, AnotherPortIsAnotherListener) {
  const ListenerMatch match({Bound("0.0.0.0")});
  model::Connection entry{.state = model::TcpState::kSynRecv, .local = Address("10.0.0.1"), .local_port = 81};
  EXPECT_EQ(model::ToString(match.AddressFor(entry)), "10.0.0.1");
  EXPECT_TRUE(match.HasPort(80));
  EXPECT_FALSE(match.HasPort(81));
}

}  // namespace
}  // namespace listenq::collect
