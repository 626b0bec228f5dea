#include "aggregator/peer_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/temp_folder.h"
#include "tests/support/wait.h"

namespace listenq::aggregator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

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

class PeerFileTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& lines) const { return "file:" + folder_.Write("peers", lines); }

  const test::TempFolder folder_;
  Ticker ticker_;
};

TEST_F(PeerFileTest, IsReadAgainAndPeersThatStayAreTheSame) {
  const auto set = PeerSet::Make(Write("/run/a.sock\n/run/b.sock\n"), &ticker_);
  ASSERT_TRUE(set.ok()) << set.status();
  const auto before = (*set)->Current();
  ASSERT_THAT(before->peers, SizeIs(2));
  Write("/run/b.sock\n/run/c.sock\n/run/d.sock\n");
  ASSERT_TRUE(test::WaitUntil([&] { return (*set)->Current()->peers.size() == 3; }));
  EXPECT_EQ((*set)->Current()->peers[0], before->peers[1]) << "its connection is kept";
}

TEST_F(PeerFileTest, AnErrorLeavesTheGoodListInForce) {
  const auto set = PeerSet::Make(Write("/run/a.sock\n"), &ticker_);
  ASSERT_TRUE(set.ok()) << set.status();
  Write("nonsense\n");
  ASSERT_TRUE(test::WaitUntil([&] { return !(*set)->Current()->trouble.empty(); }));
  EXPECT_THAT((*set)->Current()->trouble, HasSubstr("peers: line 1: parse address \"nonsense\""));
  EXPECT_THAT((*set)->Current()->peers, SizeIs(1));
  Write("/run/a.sock\n");
  EXPECT_TRUE(test::WaitUntil([&] { return (*set)->Current()->trouble.empty(); }));
}

TEST_F(PeerFileTest, WhatIsWrongAtTheStartIsRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(PeerSet::Make(Write("nonsense\n"), &ticker_).status()));
  EXPECT_TRUE(absl::IsNotFound(PeerSet::Make("file:" + folder_.Path("none"), &ticker_).status()));
}

}  // namespace
}  // namespace listenq::aggregator
