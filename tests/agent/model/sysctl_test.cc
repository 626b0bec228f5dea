#include "agent/model/sysctl.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace listenq::model {
namespace {

constexpr PortRange kRange = {.first = 32768, .last = 60999};

struct ReservedCase {
  const char* list;
  std::optional<uint32_t> count;
};

class ReservedPorts : public ::testing::TestWithParam<ReservedCase> {};

TEST_P(ReservedPorts, Count) { EXPECT_EQ(CountReservedPorts(GetParam().list, kRange), GetParam().count); }

INSTANTIATE_TEST_SUITE_P(InTheRange, ReservedPorts,
                         ::testing::Values(ReservedCase{"", 0u}, ReservedCase{" ", 0u},
                                           ReservedCase{"40000", 1u}, ReservedCase{"40000,40002-40005", 5u},
                                           ReservedCase{"40000-40000", 1u}, ReservedCase{"40000, 40001", 2u},
                                           ReservedCase{"40000-40009,40005-40014", 15u},
                                           ReservedCase{"1-65535", 28232u}));
INSTANTIATE_TEST_SUITE_P(AtItsEdges, ReservedPorts,
                         ::testing::Values(ReservedCase{"8080,9000-9100", 0u}, ReservedCase{"32767", 0u},
                                           ReservedCase{"32768", 1u}, ReservedCase{"60999", 1u},
                                           ReservedCase{"61000", 0u}, ReservedCase{"32700-32769", 2u},
                                           ReservedCase{"60998-65535", 2u}, ReservedCase{"0", 0u}));
INSTANTIATE_TEST_SUITE_P(
    NoList, ReservedPorts,
    ::testing::Values(ReservedCase{"x", std::nullopt}, ReservedCase{"40000-", std::nullopt},
                      ReservedCase{"-40000", std::nullopt}, ReservedCase{"40001-40000", std::nullopt},
                      ReservedCase{"65536", std::nullopt}, ReservedCase{"40000;40001", std::nullopt},
                      ReservedCase{"1-2-3", std::nullopt}));

Sysctls WithPorts(std::optional<std::string> range, std::optional<std::string> reserved) {
  Sysctls sysctls;
  sysctls.values.resize(SysctlTable().size());
  sysctls.values[*FindSysctl("net.ipv4.ip_local_port_range")].value = std::move(range);
  sysctls.values[*FindSysctl("net.ipv4.ip_local_reserved_ports")].value = std::move(reserved);
  return sysctls;
}

TEST(SysctlReservedPorts, CountsThoseOfTheNamespacesOwnRange) {
  EXPECT_EQ(SysctlReservedPorts(WithPorts("1024 2023", "1000-1030,2000")), 8u);
  EXPECT_EQ(SysctlReservedPorts(WithPorts("32768 60999", "")), 0u);
}

TEST(SysctlReservedPorts, IsAbsentWhenEitherWasNotRead) {
  EXPECT_EQ(SysctlReservedPorts(WithPorts(std::nullopt, "")), std::nullopt);
  EXPECT_EQ(SysctlReservedPorts(WithPorts("32768 60999", std::nullopt)), std::nullopt);
  EXPECT_EQ(SysctlReservedPorts(Sysctls()), std::nullopt);
}

}  // namespace
}  // namespace listenq::model
