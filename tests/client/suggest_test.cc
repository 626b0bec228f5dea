#include "client/suggest.h"

#include <gtest/gtest.h>

namespace listenq::client {
namespace {

TEST(Nearest, FindsAMistypedWord) {
  EXPECT_EQ(Nearest("listners", {"namespaces", "listeners", "nodes"}), "listeners");
  EXPECT_EQ(Nearest("--colour", {"--color", "--container"}), "--color");
}

TEST(Nearest, IsSilentWhenNothingIsClose) {
  EXPECT_EQ(Nearest("pods", {"listeners", "namespaces"}), "");
  EXPECT_EQ(Nearest("x", {}), "");
}

}  // namespace
}  // namespace listenq::client
