#include "tests/support/tool_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace listenq::test {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// Printed by ss of iproute2 6.1 on Linux 6.18.
constexpr char kSsOutput[] =
    "LISTEN 2      5      0.0.0.0:8082 0.0.0.0:* ino:18641 sk:1 cgroup:unreachable:1 <-> "
    "skmem:(r0,rb131072,t0,tb16384,f0,w0,o0,bl0,d7)         \n"
    "LISTEN 0      5            *:8080       *:* ino:18639 sk:2 cgroup:unreachable:1 v6only:0 <-> "
    "skmem:(r0,rb131072,t0,tb16384,f0,w0,o0,bl0,d0)\n"
    "LISTEN 0      5      [::]%lo:8081    [::]:* ino:18640 sk:1f cgroup:unreachable:1 v6only:1 <-> "
    "skmem:(r0,rb131072,t0,tb16384,f0,w0,o0,bl0,d0)\n";

TEST(ParseSs, ReadsAllFields) {
  const auto listeners = ParseSs(kSsOutput);
  ASSERT_TRUE(listeners.ok()) << listeners.status();
  EXPECT_THAT(
      *listeners,
      ElementsAre(
          SsListener{.address = "0.0.0.0",
                     .port = 8082,
                     .queue = 2,
                     .limit = 5,
                     .drops = 7,
                     .inode = 18641,
                     .cookie = 1},
          SsListener{.address = "*", .port = 8080, .limit = 5, .inode = 18639, .cookie = 2, .v6_only = false},
          SsListener{.address = "::",
                     .port = 8081,
                     .device = "lo",
                     .limit = 5,
                     .inode = 18640,
                     .cookie = 0x1f,
                     .v6_only = true}));
}

TEST(ParseSs, NamesTheLineThatItDoesNotUnderstand) {
  const auto listeners = ParseSs("LISTEN 0 5 0.0.0.0:80 0.0.0.0:* ino:1 sk:1\n");
  EXPECT_EQ(listeners.status(),
            absl::InvalidArgumentError("parse line of ss: LISTEN 0 5 0.0.0.0:80 0.0.0.0:* ino:1 sk:1"));
}

TEST(ParseNstat, ReadsNamesAndValues) {
  const auto counters = ParseNstat(
      "#kernel\n"
      "IpInReceives                    0                  0.0\n"
      "TcpExtListenDrops               12                 0.0\n");
  ASSERT_TRUE(counters.ok()) << counters.status();
  EXPECT_THAT(*counters, ElementsAre(Pair("IpInReceives", 0), Pair("TcpExtListenDrops", 12)));
}

TEST(ParseNstat, NamesTheLineThatItDoesNotUnderstand) {
  EXPECT_EQ(ParseNstat("TcpExtListenDrops x 0.0").status(),
            absl::InvalidArgumentError("parse line of nstat: TcpExtListenDrops x 0.0"));
}

}  // namespace
}  // namespace listenq::test
