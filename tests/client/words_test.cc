#include "client/words.h"

#include <gtest/gtest.h>

#include "tests/client/rows.h"

namespace listenq::client {
namespace {

v1::Listener Listener(const std::string& text) { return Proto<v1::Listener>(text); }

TEST(ListenAddress, KeepsTheFamiliesApart) {
  EXPECT_EQ(ListenAddress(Listener("local_address: '0.0.0.0' local_port: 80")), "0.0.0.0:80");
  EXPECT_EQ(ListenAddress(Listener("local_address: '::' local_port: 80 v6_only: false")), "*:80");
  EXPECT_EQ(ListenAddress(Listener("local_address: '::' local_port: 80 v6_only: true")), "[::]:80");
  EXPECT_EQ(ListenAddress(Listener("local_address: '::' local_port: 80")), "[::]:80");
  EXPECT_EQ(ListenAddress(Listener("local_address: 'fd00::1' local_port: 80 v6_only: false")),
            "[fd00::1]:80");
  EXPECT_EQ(ListenAddress(Listener("local_address: '10.0.0.7' local_port: 80 bound_interface: 3")),
            "10.0.0.7%3:80");
}

TEST(FillPercent, IsFullAtTheLimitAndNeverMore) {
  EXPECT_EQ(FillPercent(Listener("queue: 0 limit: 511")), 0U);
  EXPECT_EQ(FillPercent(Listener("queue: 510 limit: 511")), 99U);
  EXPECT_EQ(FillPercent(Listener("queue: 511 limit: 511")), 100U);
  EXPECT_EQ(FillPercent(Listener("queue: 512 limit: 511")), 100U);
  EXPECT_EQ(FillPercent(Listener("queue: 1 limit: 0")), 100U);
  EXPECT_EQ(FillPercent(Listener("queue: 0 limit: 0")), 0U);
  EXPECT_EQ(FillPercent(Listener("queue: 4294967295 limit: 4294967295")), 100U);
  EXPECT_EQ(FillPercent(Listener("queue: 3")), std::nullopt);
}

TEST(IsFull, MeansOneMoreThanTheLimit) {
  EXPECT_FALSE(IsFull(Listener("queue: 511 limit: 511")));
  EXPECT_TRUE(IsFull(Listener("queue: 512 limit: 511")));
  EXPECT_TRUE(IsFull(Listener("queue: 1 limit: 0")));
}

TEST(ProcessOf, TellsNoneFromUnknown) {
  EXPECT_EQ(ProcessOf(Listener("process_count: 4 processes { comm: 'node' } processes { comm: 'node' }")),
            "node (4)");
  EXPECT_EQ(ProcessOf(Listener("process_count: 1 processes { comm: 'sshd' }")), "sshd");
  EXPECT_EQ(ProcessOf(Listener("process_count: 2 processes { comm: 'a' } processes { comm: 'b' }")),
            "a,b (2)");
  EXPECT_EQ(ProcessOf(Listener("process_count: 0")), "none");
  EXPECT_EQ(ProcessOf(Listener("")), "-");
}

TEST(DropsText, ShowsBounds) {
  EXPECT_EQ(DropsText(Proto<v1::ListenDrops>("min: 1204 max: 1204")), "1,204");
  EXPECT_EQ(DropsText(Proto<v1::ListenDrops>("min: 3 max: 7")), "3–7");
}

TEST(CauseText, CountsOnlyWhereThereAreSeveral) {
  EXPECT_EQ(CauseText(Proto<v1::DropCounts>("accept_queue_full: 12")), "accept queue full");
  EXPECT_EQ(CauseText(Proto<v1::DropCounts>("accept_queue_full: 12 probably_syn_queue: 3000")),
            "accept queue full 12, probably SYN queue 3,000");
  EXPECT_EQ(CauseText(v1::DropCounts()), "-");
}

TEST(LimitedBy, SaysWhatBounds) {
  EXPECT_EQ(LimitedBy(Listener("limit_state: LIMIT_STATE_APPLICATION somaxconn: 4096")),
            "application (somaxconn 4096)");
  EXPECT_EQ(LimitedBy(Listener("limit_state: LIMIT_STATE_SOMAXCONN somaxconn: 4096")),
            "somaxconn, or as asked");
  EXPECT_EQ(LimitedBy(Listener("limit_state: LIMIT_STATE_LATCHED limit: 128 somaxconn: 4096")),
            "old somaxconn: restart it");
  EXPECT_EQ(LimitedBy(Listener("limit_state: LIMIT_STATE_LATCHED limit: 511 somaxconn: 128")),
            "old somaxconn, higher: keep it");
  EXPECT_EQ(LimitedBy(Listener("")), "-");
}

TEST(MarkStale, MarksNamesOfASourceThatWentSilent) {
  const Owners fresh = Listener("owners { pod: 'a' }").owners();
  const Owners stale = Listener("owners { pod: 'a' } owners { pod: 'b' stale: true }").owners();
  EXPECT_EQ(MarkStale("a", fresh), "a");
  EXPECT_EQ(MarkStale("a", stale), "a*");
  EXPECT_EQ(MarkStale("-", stale), "-");
}

TEST(OwnerName, TakesTheBestNameThereIs) {
  const auto name = [](const std::string& text) { return OwnerName(Listener(text).owners()); };
  EXPECT_EQ(name("owners { namespace: 'shop' pod: 'api' container: 'c' }"), "shop/api");
  EXPECT_EQ(name("owners { pod_uid: '1-2' container_id: '0123456789abcdef' }"), "pod 1-2");
  EXPECT_EQ(name("owners { container_id: '0123456789abcdef' }"), "0123456789ab");
  EXPECT_EQ(name("owners { process { comm: 'sleep' } }"), "sleep");
  EXPECT_EQ(name("owners { source: OWNER_SOURCE_HOST }"), "host");
  EXPECT_EQ(name("owners { container: 'a' } owners { container: 'b' } owners { container: 'a' }"), "a +1");
  EXPECT_EQ(name(""), "-");
}

}  // namespace
}  // namespace listenq::client
