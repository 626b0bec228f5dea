#include "aggregator/peers/dns_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace listenq::aggregator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using Hosts = absl::StatusOr<std::vector<std::string>>;

std::unique_ptr<DnsSource> Source(absl::string_view text, const Hosts& hosts,
                                  base::OffMachine off_machine = base::OffMachine::kTls) {
  auto source = DnsSource::Make(text, off_machine, [hosts](const std::string& /*name*/) { return hosts; });
  EXPECT_TRUE(source.ok()) << source.status();
  return *std::move(source);
}

std::vector<std::string> AddressesOf(const PeerList& list) {
  std::vector<std::string> addresses;
  for (const PeerSpec& peer : list.peers) addresses.push_back(base::ToString(peer.address));
  return addresses;
}

TEST(DnsSource, EachAddressIsAPeerOfItsOwn) {
  const auto list = Source("agents.obs.svc:7443", Hosts({"10.0.0.2", "10.0.0.7", "fd00::7"}))->Read();
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_THAT(AddressesOf(*list),
              ElementsAre("tls://10.0.0.2:7443", "tls://10.0.0.7:7443", "tls://[fd00::7]:7443"));
  EXPECT_TRUE(list->size_unknown);
  EXPECT_THAT(list->peers, ::testing::Each(::testing::Field(&PeerSpec::node_name, "")));
}

TEST(DnsSource, WhatIsSpokenIsSaidByTheName) {
  using base::OffMachine;
  const Hosts loopback({"127.0.0.1"});
  EXPECT_THAT(AddressesOf(*Source("localhost:7070", loopback)->Read()), ElementsAre("127.0.0.1:7070"));
  EXPECT_THAT(AddressesOf(*Source("tls://localhost:7070", loopback)->Read()),
              ElementsAre("tls://127.0.0.1:7070"));
  EXPECT_THAT(AddressesOf(*Source("agents:7070", loopback)->Read()), ElementsAre("tls://127.0.0.1:7070"));
  EXPECT_THAT(AddressesOf(*Source("agents:7070", loopback, OffMachine::kPlaintext)->Read()),
              ElementsAre("127.0.0.1:7070"));
}

TEST(DnsSource, WithoutAnAddressThereIsNoList) {
  EXPECT_EQ(Source("agents:7070", Hosts(std::vector<std::string>()))->Read().status(),
            absl::UnavailableError("resolve agents: no address"));
  const absl::Status away = absl::UnavailableError("resolve agents: away");
  EXPECT_EQ(Source("agents:7070", away)->Read().status(), away);
}

TEST(DnsSource, SaysWhatIsNoName) {
  const auto error = [](absl::string_view text) {
    return std::string(DnsSource::Make(text, base::OffMachine::kTls).status().message());
  };
  EXPECT_THAT(error("agents"), HasSubstr("parse address \"agents\""));
  EXPECT_THAT(error("agents:7070,10.0.0.7:7070"), HasSubstr("parse address \"agents:7070,10.0.0.7:7070\""));
  EXPECT_EQ(error("/run/a.sock"), "parse peers \"dns:////run/a.sock\": it is not NAME:PORT");
}

TEST(DnsSource, IsAskedAgainAfterFiveToTenSeconds) {
  const auto source = Source("agents:7070", Hosts({"10.0.0.2"}));
  std::vector<absl::Duration> pauses;
  for (int i = 0; i < 100; ++i) pauses.push_back(source->NextPause());
  EXPECT_THAT(pauses, ::testing::Each(::testing::AllOf(::testing::Ge(absl::Seconds(5)),
                                                       ::testing::Le(absl::Seconds(10)))));
  EXPECT_NE(pauses[0], pauses[1]);
}

TEST(ResolveName, KnowsThisMachine) {
  const auto hosts = ResolveName("localhost");
  ASSERT_TRUE(hosts.ok()) << hosts.status();
  EXPECT_THAT(*hosts, Contains("127.0.0.1"));
  EXPECT_THAT(*ResolveName("127.0.0.1"), ElementsAre("127.0.0.1"));
}

// A label has at most 63 bytes: nobody is asked.
TEST(ResolveName, SaysWhyThereIsNoAddress) {
  const std::string name(64, 'a');
  const absl::Status status = ResolveName(name).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_EQ(status.message(), "resolve " + name + ": no such name");
}

}  // namespace
}  // namespace listenq::aggregator
