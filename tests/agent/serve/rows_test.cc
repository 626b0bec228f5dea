#include "agent/serve/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/agent/serve/sample_snapshot.h"

namespace listenq::serve {
namespace {

using ::testing::ElementsAre;
using testing::kNow;
using testing::MakeListener;
using testing::MakeNamespace;
using testing::MakeSnapshot;
using testing::PodOwner;

Filter All() { return *Filter::Compile(v1::Filter(), kNow); }

std::vector<uint16_t> Ports(const ListenerRows& selected) {
  std::vector<uint16_t> ports;
  for (const ListenerRow& row : selected.rows) ports.push_back(row.listener->reading.port);
  return ports;
}

// Ports 1 to 5, each the first by another order.
class SelectListenersInOrder : public ::testing::Test {
 protected:
  SelectListenersInOrder() {
    model::Namespace ns = MakeNamespace(1, {PodOwner("b", "pod", "c", 'a')});
    ns.listeners = {MakeListener(1, 10, 1000), MakeListener(2, 90, 100), MakeListener(3, 0, 128),
                    MakeListener(4, 500, std::nullopt)};
    ns.listeners[0].recent_drops = {.min = 0, .max = 9};
    ns.listeners[2].drops = {.min = 40, .max = 40};
    ns.listeners[0].drops = {.min = 0, .max = 20};
    model::Namespace other = MakeNamespace(2, {PodOwner("a", "pod", "c", 'b')});
    other.listeners = {MakeListener(5, 0, 128)};
    snapshot_ = MakeSnapshot({ns, other});
  }
  std::vector<uint16_t> In(v1::ListenerOrder order, uint32_t limit = 0) {
    return Ports(SelectListeners(snapshot_, All(), order, limit, false));
  }
  model::Snapshot snapshot_;
};

TEST_F(SelectListenersInOrder, DefaultIsRecentDropsThenFill) {
  EXPECT_THAT(In(v1::LISTENER_ORDER_UNSPECIFIED), ElementsAre(1, 2, 3, 5, 4));
}
TEST_F(SelectListenersInOrder, Drops) {
  EXPECT_THAT(In(v1::LISTENER_ORDER_DROPS), ElementsAre(3, 1, 2, 5, 4));
}
TEST_F(SelectListenersInOrder, Fill) { EXPECT_THAT(In(v1::LISTENER_ORDER_FILL), ElementsAre(2, 1, 3, 5, 4)); }
TEST_F(SelectListenersInOrder, Queue) {
  EXPECT_THAT(In(v1::LISTENER_ORDER_QUEUE), ElementsAre(4, 2, 1, 3, 5));
}
TEST_F(SelectListenersInOrder, Address) {
  EXPECT_THAT(In(v1::LISTENER_ORDER_ADDRESS), ElementsAre(5, 1, 2, 3, 4));
}

TEST_F(SelectListenersInOrder, LimitCutsAfterOrdering) {
  EXPECT_THAT(In(v1::LISTENER_ORDER_FILL, 2), ElementsAre(2, 1));
  EXPECT_EQ(In(v1::LISTENER_ORDER_FILL, 5).size(), 5u);
  EXPECT_EQ(In(v1::LISTENER_ORDER_FILL, 4'000'000'000).size(), 5u);
}

TEST_F(SelectListenersInOrder, CountsWhatItLookedAt) {
  v1::Filter proto;
  proto.add_ports(2);
  proto.add_ports(3);
  const ListenerRows selected =
      SelectListeners(snapshot_, *Filter::Compile(proto, kNow), v1::LISTENER_ORDER_FILL, 1, false);
  EXPECT_EQ(selected.examined.namespaces, 2u);
  EXPECT_EQ(selected.examined.listeners, 5u);
  EXPECT_EQ(selected.examined.matched, 2u);
  EXPECT_THAT(Ports(selected), ElementsAre(2));
}

TEST(SelectListeners, EndedOnlyWhenAskedFor) {
  model::Snapshot snapshot = MakeSnapshot({});
  model::Namespace ended = MakeNamespace(3);
  ended.listeners = {MakeListener(80, 0, 128)};
  ended.ended = kNow;
  snapshot.ended = {std::make_shared<const model::Namespace>(ended)};
  EXPECT_TRUE(SelectListeners(snapshot, All(), v1::LISTENER_ORDER_FILL, 0, false).rows.empty());
  EXPECT_EQ(SelectListeners(snapshot, All(), v1::LISTENER_ORDER_FILL, 0, true).rows.size(), 1u);
  EXPECT_TRUE(SelectNamespaces(snapshot, All(), 0, false).rows.empty());
  EXPECT_EQ(SelectNamespaces(snapshot, All(), 0, true).rows.size(), 1u);
}

TEST(SelectNamespaces, MostDropsFirstThenTheFullest) {
  model::Namespace idle = MakeNamespace(1);
  model::Namespace full = MakeNamespace(2);
  full.listeners = {MakeListener(80, 129, 128)};
  model::Namespace dropped = MakeNamespace(3);
  dropped.drops->listen_drops = 4;
  model::Namespace unread = MakeNamespace(4);
  unread.drops.reset();
  const model::Snapshot snapshot = MakeSnapshot({idle, full, dropped, unread});
  std::vector<model::NetnsSerial> serials;
  for (const model::Namespace* ns : SelectNamespaces(snapshot, All(), 3, false).rows) {
    serials.push_back(ns->id->serial);
  }
  EXPECT_THAT(serials, ElementsAre(3u, 2u, 1u));
}

TEST(SelectEpisodes, NewestFirstAndCut) {
  const model::Namespace ns = MakeNamespace(1);
  std::vector<model::DropEpisode> episodes(3);
  for (size_t i = 0; i < episodes.size(); ++i) {
    episodes[i].id = i + 1;
    episodes[i].netns = ns.id;
    episodes[i].last = kNow + absl::Seconds(i == 1 ? 9 : 5);
  }
  EXPECT_EQ(SelectEpisodes(All(), 2, &episodes), 3u);
  ASSERT_EQ(episodes.size(), 2u);
  EXPECT_EQ(episodes[0].id, 2u);
  EXPECT_EQ(episodes[1].id, 3u);
}

TEST(WorstListener, NeedsAKnownLimit) {
  model::Namespace ns = MakeNamespace(1);
  EXPECT_EQ(WorstListener(ns), nullptr);
  ns.listeners = {MakeListener(1, 900, std::nullopt)};
  EXPECT_EQ(WorstListener(ns), nullptr);
  ns.listeners.push_back(MakeListener(2, 0, 128));
  EXPECT_EQ(WorstListener(ns)->reading.port, 2);
}

}  // namespace
}  // namespace listenq::serve
