#include "agent/sys/file.h"

#include <gtest/gtest.h>

namespace listenq::sys {
namespace {

TEST(BaseName, IsWhatStandsAfterTheLastSlash) {
  EXPECT_EQ(BaseName("/run/netns/blue"), "blue");
  EXPECT_EQ(BaseName("./kubectl-listenq"), "kubectl-listenq");
  EXPECT_EQ(BaseName("blue"), "blue");
  EXPECT_EQ(BaseName("/run/netns/"), "");
  EXPECT_EQ(BaseName(""), "");
}

}  // namespace
}  // namespace listenq::sys
