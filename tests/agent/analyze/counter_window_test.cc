#include "agent/analyze/counter_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/agent/analyze/builders.h"

namespace listenq::analyze {
namespace {

constexpr char kPassive[] = "TcpPassiveOpens";

model::Counters Snmp(const std::string& name, uint64_t value) {
  return {.names = std::make_shared<const model::CounterNames>(std::vector<std::string>{name}),
          .values = {value}};
}

// One counter of each file.
class CounterWindowTest : public ::testing::Test {
 protected:
  void Read(double seconds, uint64_t drops, uint64_t opens) {
    window_.Add(Netstat(drops, 0), Snmp(kPassive, opens), At(seconds));
  }
  // Dies where it is not there.
  model::CounterIncrease Increase(const std::string& name) const { return *window_.Increases()->Find(name); }

  CounterWindow window_;
};

TEST_F(CounterWindowTest, OneReadingIsNoIncrease) {
  EXPECT_EQ(window_.Increases(), nullptr);
  Read(1, 50, 70);
  EXPECT_EQ(window_.Increases(), nullptr);
}

TEST_F(CounterWindowTest, WhatWasCountedBeforeIsNotInIt) {
  Read(1, 50, 70);
  Read(6, 53, 70);
  EXPECT_EQ(window_.Increases()->since, At(1));
  EXPECT_EQ(window_.Increases()->until, At(6));
  EXPECT_EQ(Increase("TcpExtListenDrops").by, 3u);
  EXPECT_EQ(Increase(kPassive).by, 0u);
}

TEST_F(CounterWindowTest, WhatTheKernelLacksIsAbsent) {
  Read(1, 0, 0);
  Read(6, 0, 0);
  EXPECT_EQ(window_.Increases()->Find("TcpExtPAWSPassive"), nullptr);
  EXPECT_NE(window_.Increases()->Find("TcpExtListenDrops"), nullptr);
}

TEST_F(CounterWindowTest, IncreasesAddUpAndSayWhen) {
  Read(0, 0, 0);
  Read(60, 0, 1);
  Read(65, 2, 1);
  Read(200, 2, 1);
  Read(205, 5, 1);
  Read(300, 5, 1);
  const model::CounterIncrease drops = Increase("TcpExtListenDrops");
  EXPECT_EQ(drops.by, 5u);
  EXPECT_EQ(drops.first,
            At(0));  // the minute in which anything moved begins before the reading that shows it
  EXPECT_EQ(drops.last, At(205));
}

TEST_F(CounterWindowTest, WhatIsOlderThanAQuarterOfAnHourIsForgotten) {
  Read(0, 0, 0);
  for (int minute = 1; minute <= 20; ++minute) Read(minute * 60, minute, minute);
  EXPECT_EQ(Increase(kPassive).by, 15u);
  const auto increases = window_.Increases();
  EXPECT_LE(increases->until - increases->since, absl::Minutes(15));
  EXPECT_GT(increases->until - increases->since, absl::Minutes(13));
}

TEST_F(CounterWindowTest, AnIdleWindowReachesAQuarterOfAnHourBack) {
  for (int minute = 0; minute <= 30; ++minute) Read(minute * 60, 4, 4);
  const auto increases = window_.Increases();
  EXPECT_EQ(Increase(kPassive).by, 0u);
  EXPECT_LE(increases->until - increases->since, absl::Minutes(15));
  EXPECT_GT(increases->until - increases->since, absl::Minutes(13));
}

TEST_F(CounterWindowTest, CounterThatWentDownBeginsAnew) {
  Read(0, 100, 100);
  Read(5, 103, 101);
  Read(10, 2, 102);
  Read(15, 6, 103);
  EXPECT_EQ(Increase("TcpExtListenDrops").by, 7u);
  EXPECT_EQ(Increase(kPassive).by, 3u);
}

TEST_F(CounterWindowTest, CounterThatWasNotReadKeepsItsPlace) {
  Read(0, 1, 1);
  window_.Add(Netstat(2, 0), {}, At(5));
  Read(10, 3, 4);
  EXPECT_EQ(Increase(kPassive).by, 3u);
  EXPECT_EQ(Increase("TcpExtListenDrops").by, 2u);
}

TEST_F(CounterWindowTest, PauseLongerThanTheWindowIsANewBeginning) {
  Read(0, 0, 0);
  Read(5, 1, 1);
  Read(5 + 901, 9, 9);
  EXPECT_EQ(window_.Increases(), nullptr);
  Read(5 + 906, 10, 10);
  EXPECT_EQ(Increase(kPassive).by, 1u);
  EXPECT_EQ(window_.Increases()->since, At(5 + 901));
}

TEST_F(CounterWindowTest, ClockThatWentBackIsANewBeginning) {
  Read(100, 0, 0);
  Read(200, 5, 5);
  Read(50, 6, 6);
  EXPECT_EQ(window_.Increases(), nullptr);
}

TEST_F(CounterWindowTest, LongIntervalReachesBackToItsReading) {
  Read(0, 0, 0);
  Read(890, 7, 0);
  const auto increases = window_.Increases();
  EXPECT_EQ(increases->since, At(0));
  EXPECT_EQ(Increase("TcpExtListenDrops").by, 7u);
}

TEST_F(CounterWindowTest, HugeIncreasesStopAtThirtyTwoBits) {
  Read(0, 0, 0);
  Read(1, uint64_t{1} << 40, 0);
  Read(2, uint64_t{1} << 41, 0);
  EXPECT_EQ(Increase("TcpExtListenDrops").by, 0xffffffffu);
}

}  // namespace
}  // namespace listenq::analyze
