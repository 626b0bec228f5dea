#include "aggregator/peers/peer_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/fakes/fake_source.h"
#include "tests/support/temp_folder.h"
#include "tests/support/wait.h"

namespace listenq::aggregator {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

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

TEST_F(PeerFileTest, AnEmptiedFileLeavesTheGoodListInForce) {
  const auto set = PeerSet::Make(Write("/run/a.sock\n"), &ticker_);
  ASSERT_TRUE(set.ok()) << set.status();
  Write("\n");
  ASSERT_TRUE(test::WaitUntil([&] { return !(*set)->Current()->trouble.empty(); }));
  EXPECT_THAT((*set)->Current()->trouble, HasSubstr("peers: it is empty"));
  EXPECT_THAT((*set)->Current()->peers, SizeIs(1));
  Write("# nobody\n");
  EXPECT_TRUE(test::WaitUntil([&] { return (*set)->Current()->peers.empty(); })) << "who says so means it";
  EXPECT_EQ((*set)->Current()->trouble, "");
}

TEST_F(PeerFileTest, WhatIsWrongAtTheStartIsRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(PeerSet::Make(Write("nonsense\n"), &ticker_).status()));
  EXPECT_TRUE(absl::IsNotFound(PeerSet::Make("file:" + folder_.Path("none"), &ticker_).status()));
}

PeerSpec At(const std::string& path, const std::string& node_name = "") {
  return {.address = {.socket_path = path}, .node_name = node_name};
}

class PeerSetTest : public ::testing::Test {
 protected:
  void Start() {
    auto set = PeerSet::Make(std::make_unique<fakes::FakeSource>(words_), &ticker_);
    ASSERT_TRUE(set.ok()) << set.status();
    set_ = *std::move(set);
  }
  bool WaitForTrouble(const std::string& trouble) {
    return test::WaitUntil([&] { return set_->Current()->trouble == trouble; });
  }

  const std::shared_ptr<fakes::FakeWords> words_ = std::make_shared<fakes::FakeWords>();
  Ticker ticker_;
  std::unique_ptr<PeerSet> set_;
};

TEST_F(PeerSetTest, StartsWithoutAnAnswerAndSaysWhy) {
  words_->Hold();
  Start();
  EXPECT_EQ(set_->Current()->trouble, "their list is not read yet");
  EXPECT_TRUE(set_->Current()->size_unknown);
  EXPECT_THAT(set_->Current()->peers, SizeIs(0));
  words_->Say(absl::UnavailableError("resolve agents: Name or service not known"));
  words_->Release();
  EXPECT_TRUE(WaitForTrouble("resolve agents: Name or service not known"));
  words_->Say(PeerList{.peers = {At("/run/a.sock")}});
  EXPECT_TRUE(WaitForTrouble(""));
  EXPECT_THAT(set_->Current()->peers, SizeIs(1));
  EXPECT_FALSE(set_->Current()->size_unknown);
}

TEST_F(PeerSetTest, AnErrorLeavesTheGoodListInForceOfUnknownSize) {
  words_->Say(PeerList{.peers = {At("/run/a.sock")}, .absent = {{.node_name = "b", .reason = "none"}}});
  Start();
  ASSERT_TRUE(WaitForTrouble(""));
  const auto good = set_->Current();
  words_->Say(absl::UnavailableError("away"));
  ASSERT_TRUE(WaitForTrouble("away"));
  EXPECT_EQ(set_->Current()->peers, good->peers);
  EXPECT_EQ(set_->Current()->absent, good->absent);
  EXPECT_TRUE(set_->Current()->size_unknown);
  words_->Say(PeerList{.peers = {At("/run/a.sock")}});
  ASSERT_TRUE(WaitForTrouble(""));
  EXPECT_EQ(set_->Current()->peers, good->peers) << "its connection is kept";
  EXPECT_THAT(set_->Current()->absent, SizeIs(0));
}

TEST_F(PeerSetTest, WhatTheSourceCouldNotFindOutIsPassedOn) {
  words_->Say(PeerList{.peers = {At("/run/a.sock")}, .size_unknown = true, .trouble = "no DaemonSet"});
  Start();
  ASSERT_TRUE(WaitForTrouble("no DaemonSet"));
  EXPECT_THAT(set_->Current()->peers, SizeIs(1));
  EXPECT_TRUE(set_->Current()->size_unknown);
}

TEST_F(PeerSetTest, AnotherNodeAtAnAddressIsAnotherPeer) {
  words_->Say(PeerList{.peers = {At("/run/a.sock", "a")}});
  Start();
  ASSERT_TRUE(WaitForTrouble(""));
  const auto before = set_->Current();
  words_->Say(PeerList{.peers = {At("/run/a.sock", "b")}});
  ASSERT_TRUE(test::WaitUntil([&] { return set_->Current()->peers[0]->spec().node_name == "b"; }));
  EXPECT_NE(set_->Current()->peers[0], before->peers[0]);
}

TEST_F(PeerSetTest, MorePeersThanOneAsksAreRefused) {
  words_->Say(PeerList{.peers = {At("/run/a.sock")}});
  Start();
  ASSERT_TRUE(WaitForTrouble(""));
  PeerList many;
  for (size_t i = 0; i <= PeerSource::kMaxPeers; ++i) many.peers.push_back(At(absl::StrCat("/run/", i)));
  words_->Say(many);
  EXPECT_TRUE(WaitForTrouble(
      "list peers: there are more than 5000: let aggregators ask them, and this one ask those"));
  EXPECT_THAT(set_->Current()->peers, SizeIs(1));
}

}  // namespace
}  // namespace listenq::aggregator
