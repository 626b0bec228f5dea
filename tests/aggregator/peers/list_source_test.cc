#include "aggregator/peers/list_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace listenq::aggregator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string ErrorOf(const absl::StatusOr<std::vector<PeerSpec>>& specs) {
  return std::string(specs.status().message());
}

constexpr base::OffMachine kTls = base::OffMachine::kTls;

PeerSpec At(absl::string_view address, const std::string& node_name = "") {
  return {.address = *base::ParseServerAddress(address), .node_name = node_name};
}

TEST(ParsePeerList, TakesAddressesOfEveryForm) {
  const auto specs = ParsePeerList("unix:///run/a.sock, 127.0.0.1:7070,/run/b.sock,node-1:7443", kTls);
  ASSERT_TRUE(specs.ok()) << specs.status();
  EXPECT_THAT(*specs, ElementsAre(At("unix:///run/a.sock"), At("127.0.0.1:7070"), At("unix:///run/b.sock"),
                                  At("tls://node-1:7443")));
}

TEST(ParsePeerList, SaysWhatIsWrong) {
  EXPECT_THAT(ErrorOf(ParsePeerList("unix:///run/a.sock,", kTls)), HasSubstr("parse address \"\""));
  EXPECT_THAT(ErrorOf(ParsePeerList("10.0.0.7:7070", base::OffMachine::kRefused)),
              HasSubstr("10.0.0.7:7070"));
  EXPECT_EQ(ErrorOf(ParsePeerList("/run/a.sock,unix:/run/a.sock", kTls)),
            "peer unix:///run/a.sock is there twice");
}

TEST(ParsePeerFile, ALineIsAnAddressAndPerhapsItsNode) {
  const auto specs = ParsePeerFile("# the fleet\n\n  /run/a.sock node-a  # first\n/run/b.sock\r\n", kTls);
  ASSERT_TRUE(specs.ok()) << specs.status();
  EXPECT_THAT(*specs, ElementsAre(At("unix:///run/a.sock", "node-a"), At("unix:///run/b.sock")));
}

TEST(ParsePeerFile, NamesTheLine) {
  EXPECT_EQ(ErrorOf(ParsePeerFile("/run/a.sock\n/run/b.sock node b\n", kTls)),
            "line 2: a line is ADDRESS or ADDRESS NODE");
  EXPECT_THAT(ErrorOf(ParsePeerFile("\n\nnonsense\n", kTls)), ::testing::StartsWith("line 3: parse address"));
}

}  // namespace
}  // namespace listenq::aggregator
