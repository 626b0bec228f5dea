// What an aggregator logs of its peers while nobody calls it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/aggregator/captured_log.h"
#include "tests/aggregator/fleet_fixture.h"
#include "tests/support/wait.h"

namespace listenq::aggregator {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class PeerLogTest : public FleetTest {
 protected:
  bool Await(const std::string& line) {
    return test::WaitUntil([&] { return log_.text().find(line) != std::string::npos; });
  }

  test::CapturedLog log_;
};

TEST_F(PeerLogTest, APeerThatGoesAndComesBackIsSaid) {
  Node& a = AddNode("a", {});
  AddNode("b", {});
  Start();
  v1::ListNodesResponse nodes;
  ASSERT_TRUE(stub_->ListNodes(NewContext().get(), {}, &nodes).ok());
  a.Stop();
  const std::string title = absl::StrCat("peer ", Address("a"), " (a)");
  EXPECT_TRUE(Await(absl::StrCat("warning ", title, ": unreachable: "))) << log_.text();
  a.Start();
  EXPECT_TRUE(Await(absl::StrCat("info ", title, " answers"))) << log_.text();
  EXPECT_THAT(log_.text(), Not(HasSubstr(absl::StrCat("peer ", Address("b"))))) << "nothing was wrong";
}

TEST_F(PeerLogTest, TwoPeersOfOneNodeAreSaid) {
  AddNode("a", {});
  addresses_.push_back(Address("again"));
  nodes_.push_back(std::make_unique<Node>("a", Address("again"), std::vector<model::Namespace>()));
  Start();
  v1::ListNodesResponse nodes;
  ASSERT_TRUE(stub_->ListNodes(NewContext().get(), {}, &nodes).ok());
  EXPECT_TRUE(Await(
      absl::StrCat("warning two peers answer for node \"a\": ", Address("a"), " and ", Address("again"))))
      << log_.text();
}

}  // namespace
}  // namespace listenq::aggregator
