#include "base/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace listenq::base {
namespace {

using ::testing::HasSubstr;

TEST(Address, TakesThreeSpellingsOfASocket) {
  const Address expected{.socket_path = "/run/a.sock"};
  for (const char* text : {"unix:///run/a.sock", "unix:/run/a.sock", "/run/a.sock"}) {
    ASSERT_TRUE(ParseListenAddress(text).ok()) << text;
    EXPECT_EQ(*ParseListenAddress(text), expected) << text;
  }
}

TEST(Address, DefaultIsTheAgentsSocket) {
  EXPECT_EQ(ParseServerAddress(kDefaultAgentAddress)->socket_path, "/run/listenq/agent.sock");
}

TEST(Address, TakesLoopback) {
  EXPECT_EQ(*ParseListenAddress("127.0.0.1:7070"), (Address{.host = "127.0.0.1", .port = 7070}));
  EXPECT_EQ(*ParseListenAddress("127.9.8.7:1"), (Address{.host = "127.9.8.7", .port = 1}));
  EXPECT_EQ(*ParseListenAddress("[::1]:7070"), (Address{.host = "::1", .port = 7070}));
}

TEST(Address, ListenerResolvesNoName) {
  EXPECT_EQ(ParseListenAddress("localhost:7070")->host, "127.0.0.1");
  EXPECT_EQ(ParseServerAddress("localhost:7070")->host, "localhost");
}

TEST(Address, NetworkListenerBelongsToTheAggregator) {
  for (const char* text : {"0.0.0.0:7070", "10.0.0.1:7070", "[::]:7070", ":7070", "node-3:7070",
                           "128.0.0.1:1", "tls://127.0.0.1:7070"}) {
    const absl::Status status = ParseListenAddress(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(text));
    EXPECT_THAT(std::string(status.message()), HasSubstr("need mutual TLS and belong to listenq-aggregator"));
  }
}

TEST(Address, BeyondThisMachineIsTls) {
  EXPECT_EQ(*ParseServerAddress("10.1.2.3:7443"), (Address{.host = "10.1.2.3", .port = 7443, .tls = true}));
  EXPECT_EQ(*ParseServerAddress("node-1.example.org:7443"),
            (Address{.host = "node-1.example.org", .port = 7443, .tls = true}));
  EXPECT_EQ(*ParseListenAddress("0.0.0.0:0", OffMachine::kTls), (Address{.host = "0.0.0.0", .tls = true}));
  EXPECT_EQ(*ParseListenAddress(":7443", OffMachine::kTls),
            (Address{.host = "::", .port = 7443, .tls = true}));
  EXPECT_FALSE(ParseListenAddress("127.0.0.1:7443", OffMachine::kTls)->tls);
  EXPECT_TRUE(ParseListenAddress("tls://127.0.0.1:7443", OffMachine::kTls)->tls);
}

TEST(Address, BeyondThisMachineIsPlaintextOnlyWhenAskedFor) {
  EXPECT_FALSE(ParseServerAddress("10.1.2.3:7443", OffMachine::kPlaintext)->tls);
  EXPECT_TRUE(ParseServerAddress("tls://10.1.2.3:7443", OffMachine::kPlaintext)->tls);
  EXPECT_FALSE(ParseServerAddress("10.1.2.3:7443", OffMachine::kRefused).ok());
}

TEST(Address, ServerListensOnAnIpAddress) {
  EXPECT_THAT(std::string(ParseListenAddress("node-1:7443", OffMachine::kTls).status().message()),
              HasSubstr("not on a name"));
}

TEST(Address, RejectsWhatIsNone) {
  for (const char* text : {"", "7070", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:7070", "unix:run/a",
                           "unix:///run/listenq/", "[127.0.0.1]:1", "a b:1", "x/y:1"}) {
    EXPECT_EQ(ParseListenAddress(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_THAT(std::string(ParseServerAddress("127.0.0.1:0").status().message()), HasSubstr("must not be 0"));
  EXPECT_THAT(std::string(ParseServerAddress(":7443").status().message()), HasSubstr("the host is missing"));
}

TEST(Address, RejectsAPathThatIsTooLong) {
  EXPECT_TRUE(ParseListenAddress("/" + std::string(106, 'a')).ok());
  EXPECT_THAT(std::string(ParseListenAddress("/" + std::string(107, 'a')).status().message()),
              HasSubstr("at most 107 bytes, this one has 108"));
}

TEST(Address, PrintsWhatParsesBack) {
  for (const char* text :
       {"unix:///run/a.sock", "127.0.0.1:7070", "[::1]:7070", "tls://[fe80::1]:7443", "tls://n-1:7443"}) {
    EXPECT_EQ(ToString(*ParseServerAddress(text)), text);
  }
}

}  // namespace
}  // namespace listenq::base
