#include "agent/port_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

#include "tests/agent/analyze/builders.h"
#include "tests/fakes/fake_clock.h"

namespace listenq::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Takes orders and answers when told to.
class FakeWalks final : public serve::ConnectionWalks {
 public:
  absl::Status Start(serve::WalkOrder order) override {
    if (!status_.ok()) return status_;
    orders_.push_back(std::move(order));
    return absl::OkStatus();
  }
  void Refuse(absl::Status status) { status_ = std::move(status); }
  // The last one.
  [[nodiscard]] std::vector<model::NetnsSerial> Serials() const {
    std::vector<model::NetnsSerial> serials;
    for (const auto& subject : orders_.back().subjects) serials.push_back(subject.serial);
    return serials;
  }
  void Answer(absl::StatusOr<serve::WalkResults> results) { orders_.back().done(std::move(results)); }
  [[nodiscard]] size_t orders() const { return orders_.size(); }

 private:
  absl::Status status_;
  std::vector<serve::WalkOrder> orders_;
};

class PortWatchTest : public ::testing::Test {
 protected:
  // With 100 ephemeral ports.
  void Add(model::NetnsSerial serial, uint32_t sockets) {
    const auto ns = analyze::Value(serial, {});
    ns->sysctls = analyze::SysctlsWith({{"net.ipv4.ip_local_port_range", "20000 20099"}});
    ns->sockets.tcp_in_use = sockets;
    snapshot_.namespaces.push_back(ns);
  }
  void Look() { watch_.Look(snapshot_); }
  static model::ConnectionCounts Counts(uint32_t ports) {
    model::ConnectionCounts counts;
    counts.destinations.push_back({.port = 5432, .ports_in_use = ports});
    return counts;
  }

  test::FakeClock clock_;
  FakeWalks walks_;
  std::map<model::NetnsSerial, std::shared_ptr<const model::PortUse>> found_;
  PortWatch watch_{&walks_, &clock_,
                   [this](model::NetnsSerial serial, std::shared_ptr<const model::PortUse> use) {
                     found_[serial] = std::move(use);
                   }};
  model::Snapshot snapshot_;
};

TEST_F(PortWatchTest, WalksOnlyWhoMayLackPorts) {
  Add(1, 69);
  Look();
  EXPECT_EQ(walks_.orders(), 0u);
  Add(2, 70);
  Look();
  EXPECT_THAT(walks_.Serials(), ElementsAre(2u));
  walks_.Answer(serve::WalkResults{Counts(80)});
  ASSERT_THAT(found_, SizeIs(1));
  EXPECT_EQ(found_[2]->time, clock_.Now());
  ASSERT_THAT(found_[2]->destinations, SizeIs(1));
  EXPECT_EQ(found_[2]->destinations[0].ports_in_use, 80u);
}

TEST_F(PortWatchTest, AgainAfterAMinute) {
  Add(1, 90);
  Look();
  walks_.Answer(serve::WalkResults{Counts(80)});
  clock_.Advance(absl::Seconds(59));
  Look();
  EXPECT_EQ(walks_.orders(), 1u);
  clock_.Advance(absl::Seconds(1));
  Look();
  EXPECT_EQ(walks_.orders(), 2u);
}

TEST_F(PortWatchTest, OneOrderAtATime) {
  Add(1, 90);
  Look();
  Add(2, 90);
  Look();
  EXPECT_EQ(walks_.orders(), 1u);
  walks_.Answer(serve::WalkResults{Counts(80)});
  Look();
  EXPECT_THAT(walks_.Serials(), ElementsAre(2u));
}

TEST_F(PortWatchTest, ManyTakeTurns) {
  for (model::NetnsSerial serial = 1; serial <= 20; ++serial) Add(serial, 90);
  Look();
  EXPECT_THAT(walks_.Serials(), SizeIs(16));
  walks_.Answer(absl::UnavailableError("the agent is shutting down"));
  Look();
  EXPECT_THAT(walks_.Serials(), ElementsAre(17u, 18u, 19u, 20u));
  EXPECT_THAT(found_, IsEmpty());
}

TEST_F(PortWatchTest, WhatFailedIsNotFound) {
  Add(1, 90);
  Add(2, 90);
  Look();
  walks_.Answer(serve::WalkResults{absl::NotFoundError("gone"), Counts(75)});
  EXPECT_THAT(found_, SizeIs(1));
  EXPECT_EQ(found_.begin()->first, 2u);
}

TEST_F(PortWatchTest, ARefusedOrderIsTriedAtTheNextLook) {
  walks_.Refuse(absl::ResourceExhaustedError("too many"));
  Add(1, 90);
  Look();
  walks_.Refuse(absl::OkStatus());
  Look();
  EXPECT_THAT(walks_.Serials(), ElementsAre(1u));
}

TEST_F(PortWatchTest, AnOrderMayOutliveIt) {
  Add(1, 90);
  auto watch = std::make_unique<PortWatch>(
      &walks_, &clock_, [this](model::NetnsSerial serial, std::shared_ptr<const model::PortUse> use) {
        found_[serial] = std::move(use);
      });
  watch->Look(snapshot_);
  watch.reset();
  walks_.Answer(serve::WalkResults{Counts(75)});
  EXPECT_THAT(found_, SizeIs(1));
}

}  // namespace
}  // namespace listenq::agent
