#include "agent/discover/cgroup_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace listenq::discover {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kHybrid[] = "9:name=systemd:/a\n4:memory:/m:x\n1:cpu,cpuacct:/c\n0::/u\n";

TEST(FindCgroup, V1HierarchyOfTheControllerWins) {
  EXPECT_EQ(FindCgroup(kHybrid, "cpu"), (CgroupPlace{"cpu,cpuacct", "/c"}));
  EXPECT_EQ(FindCgroup(kHybrid, "memory"), (CgroupPlace{"memory", "/m:x"}));
}

TEST(FindCgroup, ElseV2) {
  EXPECT_EQ(FindCgroup(kHybrid, "pids"), (CgroupPlace{"", "/u"}));
  EXPECT_EQ(FindCgroup("0::/\n", "cpu"), (CgroupPlace{"", "/"}));
}

TEST(FindCgroup, NameIsWhole) { EXPECT_EQ(FindCgroup("2:cpuacct:/x\n1:cpuset:/y\n", "cpu"), CgroupPlace()); }

TEST(FindCgroup, RejectsWhatIsNone) {
  for (const char* text : {"", "cpu", "1:cpu", "1:cpu:", "1:cpu:relative"}) {
    EXPECT_EQ(FindCgroup(text, "cpu"), CgroupPlace()) << text;
  }
}

TEST(FlatKey, ReadsTheWholeKeyOnly) {
  constexpr char kStat[] = "nr_periods 12\nnr_throttled 7\nthrottled_usec 900\n";
  EXPECT_EQ(FlatKey(kStat, "nr_throttled"), 7u);
  EXPECT_EQ(FlatKey(kStat, "throttled_usec"), 900u);
  EXPECT_EQ(FlatKey(kStat, "nr"), std::nullopt);
  EXPECT_EQ(FlatKey("max x\n", "max"), std::nullopt);
  EXPECT_EQ(FlatKey("", "max"), std::nullopt);
}

TEST(LimitIn, NoLimitIsAbsent) {
  EXPECT_EQ(LimitIn("4096\n"), 4096u);
  EXPECT_EQ(LimitIn("0"), 0u);
  // What v1 prints for none, in bytes and in microseconds.
  for (const char* text : {"max", "9223372036854771712", "-1", "", "x"}) {
    EXPECT_EQ(LimitIn(text), std::nullopt) << text;
  }
}

TEST(MilliCpus, ReadsQuotaAndPeriod) {
  EXPECT_EQ(MilliCpus("20000 100000\n"), 200u);
  EXPECT_EQ(MilliCpus("250000 100000"), 2500u);
  for (const char* text : {"max 100000", "-1 100000", "1", "", "1 0", "1 x", "18446744073709551615 1"}) {
    EXPECT_EQ(MilliCpus(text), std::nullopt) << text;
  }
}

TEST(OpenFilesLimit, ReadsTheSoftOne) {
  constexpr char kLimits[] =
      "Limit                     Soft Limit           Hard Limit           Units     \n"
      "Max processes             7841                 7841                 processes \n"
      "Max open files            1024                 524288               files     \n";
  EXPECT_EQ(OpenFilesLimit(kLimits), 1024u);
  EXPECT_EQ(OpenFilesLimit("Max open files            unlimited  unlimited  files\n"),
            std::numeric_limits<uint64_t>::max());
  for (const char* text : {"", "Max open files", "Max open files   x y files\n"}) {
    EXPECT_EQ(OpenFilesLimit(text), std::nullopt) << text;
  }
}

// As man 5 and OpenVZ's documentation print it.
constexpr char kBeanCounters[] =
    "Version: 2.5\n"
    "       uid  resource                     held              maxheld              barrier                "
    "limit "
    "             failcnt\n"
    "      101:  kmemsize                  2744320              2744320  9223372036854775807  "
    "9223372036854775807 "
    "                   0\n"
    "            numtcpsock                    360                  360                  360                 "
    " 360 "
    "                  12\n"
    "            dummy                           0                    0                    0                 "
    "   0 "
    "                   0\n"
    "      102:  tcpsndbuf                   17856                20480              1720320              "
    "2703360 "
    "                   0\n";

TEST(BeanCountersParse, LimitedResourcesAreWalls) {
  const auto walls = ParseBeanCounters(kBeanCounters);
  ASSERT_THAT(walls, SizeIs(3));
  EXPECT_EQ(walls[0].id.name, "101 numtcpsock");
  EXPECT_EQ(walls[0].id.kind, model::WallId::Kind::kBeanCounter);
  EXPECT_EQ(walls[0].used, 360u);
  EXPECT_EQ(walls[0].limit, 360u);
  EXPECT_EQ(walls[0].total.hits, 12u);
  EXPECT_EQ(walls[2].id.name, "102 tcpsndbuf");
  EXPECT_EQ(walls[2].limit, 2703360u);
}

TEST(BeanCountersParse, OtherTextHasNone) {
  for (const char* text : {"", "Version: 2.5\n", "101: numtcpsock 1 2 3 4\n", "101: numtcpsock a b c d e\n",
                           "numtcpsock 1 2 3 4 5\n"}) {
    EXPECT_THAT(ParseBeanCounters(text), IsEmpty()) << text;
  }
}

}  // namespace
}  // namespace listenq::discover
