#include "agent/analyze/namespace_tracker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/analyze/builders.h"

namespace listenq::analyze {
namespace {

using model::DropBounds;
using model::LimitState;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::string_view kSomaxconn = "net.core.somaxconn";

class NamespaceTrackerTest : public ::testing::Test {
 protected:
  static model::NetnsId Id() {
    model::NetnsId id;
    id.serial = 7;
    id.first_seen = At(0);
    return id;
  }
  std::vector<uint64_t> KnownCookies() const {
    std::vector<uint64_t> cookies;
    for (const model::ListenerReading& reading : tracker_.known()) cookies.push_back(reading.cookie);
    return cookies;
  }
  model::Listener PublishedListener(size_t index) { return tracker_.Publish()->listeners.at(index); }

  NamespaceTracker tracker_{Id(), At(0)};
};

TEST_F(NamespaceTrackerTest, IsEmptyBeforeTheFirstReading) {
  const auto value = tracker_.Publish();
  EXPECT_EQ(value->id->serial, 7u);
  EXPECT_EQ(value->drops, std::nullopt);
  EXPECT_THAT(value->listeners, IsEmpty());
}

TEST_F(NamespaceTrackerTest, IncreasesOfCountersArePublished) {
  const auto read = [&](double seconds, uint64_t drops) {
    model::NamespaceReading reading = Full(seconds, {Socket(1)}, drops);
    reading.snmp = Netstat(0, 0);
    tracker_.ApplyFull(std::move(reading));
  };
  read(1, 50);
  EXPECT_EQ(tracker_.Publish()->increases, nullptr);
  tracker_.ApplyFull(Full(3, {Socket(1)}, 51));  // looked at drops only
  EXPECT_EQ(tracker_.Publish()->increases, nullptr);
  read(6, 53);
  const auto value = tracker_.Publish();
  ASSERT_NE(value->increases, nullptr);
  EXPECT_EQ(value->increases->since, At(1));
  ASSERT_NE(value->increases->Find("TcpExtListenDrops"), nullptr);
  EXPECT_EQ(value->increases->Find("TcpExtListenDrops")->by, 3u);
  EXPECT_EQ(tracker_.End(At(7))->increases, nullptr);
}

TEST_F(NamespaceTrackerTest, FirstReadingIsTheBaseline) {
  EXPECT_EQ(tracker_.ApplyFull(Full(1, {Socket(1, 200, 50)}, 50, 50)), std::nullopt);
  const auto value = tracker_.Publish();
  ASSERT_TRUE(value->drops.has_value());
  EXPECT_EQ(value->drops->before, 50u);
  EXPECT_EQ(value->drops->listen_drops, 0u);
  EXPECT_EQ(value->drops->last, absl::InfinitePast());
  ASSERT_THAT(value->listeners, SizeIs(1));
  EXPECT_EQ(value->listeners[0].first_seen, At(1));
  EXPECT_EQ(value->listeners[0].drops, DropBounds{});
  EXPECT_EQ(value->counters_time, At(1));
}

TEST_F(NamespaceTrackerTest, DropsOfOneListenerAreExact) {
  tracker_.ApplyFull(Full(1, {Socket(1, 129, 50), Socket(2)}, 50, 50));
  tracker_.ApplyRefresh(Refresh(3, {Socket(1, 131, 53), Socket(2)}));
  const auto event = tracker_.ApplyFull(Full(6, {Socket(1, 129, 53), Socket(2)}, 53, 53));
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->episode_id, 0u);
  EXPECT_EQ(event->netns->serial, 7u);
  EXPECT_EQ(event->start, At(1));
  EXPECT_EQ(event->end, At(6));
  EXPECT_EQ(event->counts, model::DropCounts{.accept_queue_full = 3});
  EXPECT_EQ(event->unattributed, 0u);
  ASSERT_THAT(event->shares, SizeIs(1));
  EXPECT_EQ(event->shares[0].listener.cookie, 1u);
  EXPECT_EQ(event->shares[0].drops, (DropBounds{.min = 3, .max = 3}));
  EXPECT_EQ(event->shares[0].peak_queue, 131u);
  EXPECT_EQ(event->shares[0].start, At(1));
  EXPECT_EQ(event->shares[0].last, At(6));

  const auto value = tracker_.Publish();
  EXPECT_EQ(value->drops->listen_drops, 3u);
  EXPECT_EQ(value->drops->listen_overflows, 3u);
  EXPECT_EQ(value->drops->before, 50u);
  EXPECT_EQ(value->drops->last, At(6));
  EXPECT_EQ(value->listeners[0].drops, (DropBounds{.min = 3, .max = 3}));
  EXPECT_EQ(value->listeners[0].recent_drops, (DropBounds{.min = 3, .max = 3}));
  EXPECT_EQ(value->listeners[0].recent_interval, absl::Seconds(5));
  EXPECT_EQ(value->listeners[0].last_drop, At(6));
  EXPECT_EQ(value->listeners[1].drops, DropBounds{});
  EXPECT_EQ(value->listeners[1].last_drop, absl::InfinitePast());
}

TEST_F(NamespaceTrackerTest, HealthyListenerWithRepeatedSynsHasNoDrops) {
  tracker_.ApplyFull(Full(1, {Socket(1)}));
  EXPECT_TRUE(tracker_.ApplyRefresh(Refresh(2, {Socket(1, 0, 3)})).needs_full);
  EXPECT_EQ(tracker_.ApplyFull(Full(2, {Socket(1, 0, 3)})), std::nullopt);
  EXPECT_EQ(PublishedListener(0).drops, DropBounds{});
  EXPECT_FALSE(tracker_.ApplyRefresh(Refresh(3, {Socket(1, 0, 3)})).needs_full);
}

TEST_F(NamespaceTrackerTest, SkDropsWrapAt32Bits) {
  tracker_.ApplyFull(Full(1, {Socket(1, 0, 0xfffffffe)}, 10, 10));
  const auto event = tracker_.ApplyFull(Full(2, {Socket(1, 0, 3)}, 15, 15));
  ASSERT_TRUE(event.has_value());
  ASSERT_THAT(event->shares, SizeIs(1));
  EXPECT_EQ(event->shares[0].drops, (DropBounds{.min = 5, .max = 5}));
}

TEST_F(NamespaceTrackerTest, TotalsAreSumsOfIntervals) {
  tracker_.ApplyFull(Full(1, {Socket(1), Socket(2)}));
  tracker_.ApplyFull(Full(2, {Socket(1, 129, 2), Socket(2, 0, 4)}, 2, 2));  // [0, 2] and [0, 2]
  tracker_.ApplyFull(Full(3, {Socket(1, 129, 7), Socket(2, 0, 4)}, 7, 7));  // exactly 5
  EXPECT_EQ(PublishedListener(0).drops, (DropBounds{.min = 5, .max = 7, .inferred = 2}));
  EXPECT_EQ(PublishedListener(1).drops, (DropBounds{.min = 0, .max = 2}));
  EXPECT_EQ(tracker_.Publish()->drops->listen_drops, 7u);
}

TEST_F(NamespaceTrackerTest, CountersAroundTheDumpBoundBothWays) {
  tracker_.ApplyFull(Full(1, {Socket(1)}, 10, 10));
  model::NamespaceReading reading = Full(2, {Socket(1, 0, 9)}, 14, 14);
  reading.netstat_after = Netstat(16, 16);
  const auto event = tracker_.ApplyFull(std::move(reading));
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->counts.total(), 6u);
  ASSERT_THAT(event->shares, SizeIs(1));
  EXPECT_EQ(event->shares[0].drops, (DropBounds{.min = 4, .max = 6}));

  // Two of the 16 may have come after the first dump, so this interval's maximum includes them.
  const auto next = tracker_.ApplyFull(Full(3, {Socket(1, 0, 30)}, 17, 17));
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->counts.total(), 1u);
  ASSERT_THAT(next->shares, SizeIs(1));
  EXPECT_EQ(next->shares[0].drops, (DropBounds{.min = 1, .max = 3}));
}

TEST_F(NamespaceTrackerTest, AnUnreadLookBeforeTheDumpGivesNoMinimum) {
  tracker_.ApplyFull(Full(1, {Socket(1)}, 10, 10));
  model::NamespaceReading reading = Full(2, {Socket(1, 0, 9)}, 14, 14);
  reading.netstat_before = {};
  const auto event = tracker_.ApplyFull(std::move(reading));
  ASSERT_TRUE(event.has_value());
  ASSERT_THAT(event->shares, SizeIs(1));
  EXPECT_EQ(event->shares[0].drops, (DropBounds{.min = 0, .max = 4}));
}

TEST_F(NamespaceTrackerTest, ACounterThatWentDownIsANewBaseline) {
  tracker_.ApplyFull(Full(1, {Socket(1)}, 10, 10));
  tracker_.ApplyFull(Full(2, {Socket(1, 0, 1)}, 11, 11));
  EXPECT_EQ(tracker_.ApplyFull(Full(3, {Socket(1, 0, 2)}, 4, 4)), std::nullopt);
  EXPECT_EQ(tracker_.Publish()->drops->listen_drops, 1u);
  const auto event = tracker_.ApplyFull(Full(4, {Socket(1, 0, 5)}, 7, 7));
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->counts.total(), 3u);
  EXPECT_EQ(event->start, At(3));
  EXPECT_EQ(tracker_.Publish()->drops->listen_drops, 4u);
}

TEST_F(NamespaceTrackerTest, AListenerThatAppearedTakesTheMinimumAway) {
  tracker_.ApplyFull(Full(1, {Socket(1)}));
  const auto event = tracker_.ApplyFull(Full(2, {Socket(1, 0, 3), Socket(2, 0, 3)}, 3, 3));
  ASSERT_TRUE(event.has_value());
  ASSERT_THAT(event->shares, SizeIs(1)) << "the first sight of a listener is its baseline";
  EXPECT_EQ(event->shares[0].drops, (DropBounds{.min = 0, .max = 3}));
  EXPECT_EQ(event->unattributed, 3u);
}

model::Counters Snmp(uint64_t passive_opens) {
  static const auto kNames =
      std::make_shared<const model::CounterNames>(std::vector<std::string>{"TcpPassiveOpens"});
  return {.names = kNames, .values = {passive_opens}};
}

TEST_F(NamespaceTrackerTest, QueueThatStandsStillIsPublishedOnceAndForgotten) {
  tracker_.ApplyFull(Full(0, {Socket(1, 3), Socket(2)}));
  for (int i = 1; i < 10; ++i) tracker_.ApplyRefresh(Refresh(i, {Socket(1, 3), Socket(2)}));
  EXPECT_FALSE(tracker_.lags());
  EXPECT_EQ(PublishedListener(0).lag, nullptr);
  tracker_.ApplyRefresh(Refresh(10, {Socket(1, 3), Socket(2)}));
  EXPECT_TRUE(tracker_.lags());
  ASSERT_NE(PublishedListener(0).lag, nullptr);
  EXPECT_EQ(PublishedListener(0).lag->waiting_since, At(0));
  EXPECT_EQ(PublishedListener(1).lag, nullptr);
  const auto published = tracker_.Publish();
  tracker_.ApplyRefresh(Refresh(11, {Socket(1, 3), Socket(2)}));
  EXPECT_EQ(tracker_.Publish(), published) << "nothing new";
  tracker_.ApplyRefresh(Refresh(12, {Socket(1, 0), Socket(2)}));
  EXPECT_FALSE(tracker_.lags());
  EXPECT_EQ(PublishedListener(0).lag, nullptr);
}

TEST_F(NamespaceTrackerTest, FullReadingsTellThatNothingWasAccepted) {
  for (const double second : {0, 5, 10}) {
    model::NamespaceReading reading = Full(second, {Socket(1, 3), Socket(2)});
    reading.snmp = Snmp(100);
    tracker_.ApplyFull(std::move(reading));
    EXPECT_EQ(PublishedListener(0).lag != nullptr, second == 10);
  }
  EXPECT_EQ(PublishedListener(0).lag->no_accept_since, At(0));
  model::NamespaceReading reading = Full(15, {Socket(1, 3), Socket(2)});
  reading.snmp = Snmp(101);
  tracker_.ApplyFull(std::move(reading));
  EXPECT_EQ(PublishedListener(0).lag->no_accept_since, absl::InfiniteFuture());
}

TEST_F(NamespaceTrackerTest, EndedNamespaceHasNeitherLagNorAcceptors) {
  tracker_.ApplyFull(Full(0, {Socket(1, 3)}));
  tracker_.ApplyFull(Full(10, {Socket(1, 3)}));
  tracker_.SetAcceptors(std::make_shared<const model::Acceptors>());
  EXPECT_NE(PublishedListener(0).lag, nullptr);
  EXPECT_NE(tracker_.Publish()->acceptors, nullptr);
  const auto ended = tracker_.End(At(11));
  EXPECT_EQ(ended->listeners.at(0).lag, nullptr);
  EXPECT_EQ(ended->acceptors, nullptr);
}

TEST_F(NamespaceTrackerTest, MissingOnceIsKeptMissingTwiceIsGone) {
  tracker_.ApplyFull(Full(1, {Socket(1), Socket(2, 4)}));
  const auto event = tracker_.ApplyFull(Full(2, {Socket(1, 0, 3)}, 3, 3));
  ASSERT_TRUE(event.has_value());
  ASSERT_THAT(event->shares, SizeIs(1));
  EXPECT_EQ(event->shares[0].drops, (DropBounds{.min = 0, .max = 3}));
  EXPECT_THAT(KnownCookies(), ElementsAre(1, 2));
  EXPECT_EQ(PublishedListener(1).reading.queue, 4u);

  tracker_.ApplyFull(Full(3, {Socket(1, 0, 3)}, 3, 3));
  EXPECT_THAT(KnownCookies(), ElementsAre(1));
  EXPECT_THAT(tracker_.Publish()->listeners, SizeIs(1));
}

TEST_F(NamespaceTrackerTest, MissingOnceThenBackKeepsItsPast) {
  tracker_.ApplyFull(Full(1, {Socket(1), Socket(2)}));
  tracker_.ApplyFull(Full(2, {Socket(1)}));
  const auto event = tracker_.ApplyFull(Full(3, {Socket(1), Socket(2, 0, 2)}, 2, 2));
  ASSERT_TRUE(event.has_value());
  ASSERT_THAT(event->shares, SizeIs(1));
  EXPECT_EQ(event->shares[0].listener.cookie, 2u);
  EXPECT_EQ(event->shares[0].drops, (DropBounds{.min = 0, .max = 2}));
  EXPECT_EQ(PublishedListener(1).first_seen, At(1));
  tracker_.ApplyFull(Full(4, {Socket(1)}, 2, 2));
  EXPECT_THAT(KnownCookies(), ElementsAre(1, 2)) << "missed dumps count only in a row";
}

TEST_F(NamespaceTrackerTest, ADumpThatRepeatsASocketCountsItOnce) {
  tracker_.ApplyFull(Full(1, {Socket(2), Socket(1), Socket(2)}));
  EXPECT_THAT(KnownCookies(), ElementsAre(1, 2));
}

TEST_F(NamespaceTrackerTest, ReuseportMembersAreTrackedApart) {
  tracker_.ApplyFull(Full(1, {Socket(11), Socket(12), Socket(13)}));
  const auto event = tracker_.ApplyFull(Full(2, {Socket(13), Socket(12, 129, 4), Socket(11)}, 4, 4));
  ASSERT_TRUE(event.has_value());
  ASSERT_THAT(event->shares, SizeIs(1));
  EXPECT_EQ(event->shares[0].listener.cookie, 12u);
  EXPECT_EQ(event->shares[0].drops, (DropBounds{.min = 4, .max = 4}));
}

TEST_F(NamespaceTrackerTest, WithoutCookiesTheInodeIdentifies) {
  model::ListenerReading reading = Socket(0, 3);
  reading.inode = 77;
  reading.limit.reset();
  reading.sk_drops.reset();
  tracker_.ApplyFull(Full(1, {reading}));
  reading.queue = 9;
  const auto event = tracker_.ApplyFull(Full(2, {reading}, 5, 5));
  ASSERT_TRUE(event.has_value());
  EXPECT_THAT(event->shares, IsEmpty());
  EXPECT_EQ(event->unattributed, 5u);
  EXPECT_EQ(PublishedListener(0).reading.queue, 9u);
  EXPECT_EQ(PublishedListener(0).first_seen, At(1));
}

TEST_F(NamespaceTrackerTest, AListenerWithoutDropsTakesTheOthersMinimumAway) {
  model::ListenerReading unknown = Socket(2);
  unknown.sk_drops.reset();
  tracker_.ApplyFull(Full(1, {Socket(1), unknown}));
  const auto event = tracker_.ApplyFull(Full(2, {Socket(1, 0, 3), unknown}, 3, 3));
  ASSERT_TRUE(event.has_value());
  ASSERT_THAT(event->shares, SizeIs(1));
  EXPECT_EQ(event->shares[0].drops, (DropBounds{.min = 0, .max = 3}));
}

TEST_F(NamespaceTrackerTest, ATruncatedListMakesNoneGone) {
  tracker_.ApplyFull(Full(1, {Socket(1), Socket(2), Socket(3)}));
  for (int i = 2; i < 6; ++i) {
    model::NamespaceReading reading = Full(i, {Socket(2), Socket(3)});
    reading.listeners_truncated = true;
    tracker_.ApplyFull(std::move(reading));
    EXPECT_THAT(KnownCookies(), ElementsAre(1, 2, 3));
  }
  EXPECT_TRUE(tracker_.Publish()->listeners_truncated);
  const auto event = tracker_.ApplyFull(Full(7, {Socket(1), Socket(2, 0, 2), Socket(3)}, 2, 2));
  ASSERT_TRUE(event.has_value());
  ASSERT_THAT(event->shares, SizeIs(1));
  EXPECT_EQ(event->shares[0].drops.min, 0u) << "a truncated list may have hidden another listener";
  EXPECT_FALSE(tracker_.Publish()->listeners_truncated);
}

TEST_F(NamespaceTrackerTest, TruncatedListsOfEverNewListenersStayBounded) {
  for (uint64_t i = 1; i < 100; ++i) {
    model::NamespaceReading reading = Full(static_cast<double>(i), {Socket(2 * i), Socket(2 * i + 1)});
    reading.listeners_truncated = true;
    tracker_.ApplyFull(std::move(reading));
    EXPECT_LE(tracker_.known().size(), 4u);
  }
}

TEST_F(NamespaceTrackerTest, DropsWithoutAListAreUnattributedAndTheListStays) {
  tracker_.ApplyFull(Full(1, {Socket(1)}));
  model::NamespaceReading reading = Full(2, {}, 3, 3);
  reading.listeners.reset();
  reading.errors = {{"listeners", "sock_diag: no"}};
  const auto event = tracker_.ApplyFull(std::move(reading));
  ASSERT_TRUE(event.has_value());
  EXPECT_THAT(event->shares, IsEmpty());
  EXPECT_EQ(event->unattributed, 3u);
  EXPECT_THAT(KnownCookies(), ElementsAre(1));
  EXPECT_THAT(tracker_.Publish()->errors, ElementsAre(model::PartError{"listeners", "sock_diag: no"}));
}

TEST_F(NamespaceTrackerTest, MoreMoversThanAnEventCarriesStayCounted) {
  std::vector<model::ListenerReading> before;
  std::vector<model::ListenerReading> after;
  for (uint32_t i = 1; i <= 20; ++i) {
    before.push_back(Socket(i));
    after.push_back(Socket(i, 0, i));
  }
  tracker_.ApplyFull(Full(1, before));
  const auto event = tracker_.ApplyFull(Full(2, after, 210, 210));
  ASSERT_TRUE(event.has_value());
  ASSERT_THAT(event->shares, SizeIs(model::DropEpisode::kMaxShares));
  EXPECT_EQ(event->shares[0].drops.min, 20u);
  EXPECT_EQ(event->unattributed, 1u + 2 + 3 + 4);
  EXPECT_EQ(PublishedListener(0).drops, (DropBounds{.min = 1, .max = 1}));
}

TEST_F(NamespaceTrackerTest, RefreshUpdatesQueuesAndAsksWhenSomethingMoved) {
  tracker_.ApplyFull(Full(1, {Socket(1), Socket(2)}));
  EXPECT_FALSE(tracker_.ApplyRefresh(Refresh(2, {Socket(2, 9), Socket(1, 5)})).needs_full);
  EXPECT_EQ(PublishedListener(0).reading.queue, 5u);
  EXPECT_EQ(PublishedListener(1).reading.queue, 9u);
  EXPECT_EQ(tracker_.known()[0].queue, 5u);
  EXPECT_TRUE(tracker_.ApplyRefresh(Refresh(3, {Socket(1)}, 1)).needs_full) << "one did not answer";
  EXPECT_TRUE(tracker_.ApplyRefresh(Refresh(4, {Socket(1), Socket(2), Socket(9)})).needs_full)
      << "a stranger";
  EXPECT_TRUE(tracker_.ApplyRefresh(Refresh(5, {Socket(1, 0, 1), Socket(2)})).needs_full);
  EXPECT_TRUE(tracker_.ApplyRefresh(Refresh(6, {Socket(1, 0, 1), Socket(2)})).needs_full)
      << "until a full reading explains it";
}

TEST_F(NamespaceTrackerTest, RecentDropsLastUntilNothingMoved) {
  tracker_.ApplyFull(Full(1, {Socket(1)}));
  tracker_.ApplyFull(Full(2, {Socket(1, 129, 4)}, 4, 4));
  EXPECT_EQ(PublishedListener(0).recent_drops.min, 4u);
  tracker_.ApplyRefresh(Refresh(3, {Socket(1, 129, 4)}));
  EXPECT_EQ(PublishedListener(0).recent_drops, DropBounds{});
  EXPECT_EQ(PublishedListener(0).drops.min, 4u);

  tracker_.ApplyFull(Full(4, {Socket(1, 129, 6)}, 6, 6));
  tracker_.ApplyRefresh(Refresh(5, {Socket(1, 129, 7)}));
  EXPECT_EQ(PublishedListener(0).recent_drops.min, 2u) << "something moved: the full reading decides";
  tracker_.ApplyFull(Full(5, {Socket(1, 129, 7)}, 6, 6));
  EXPECT_EQ(PublishedListener(0).recent_drops, DropBounds{}) << "it was noise";
}

TEST_F(NamespaceTrackerTest, PeakIsOfFiveMinutes) {
  tracker_.ApplyFull(Full(1, {Socket(1, 3)}));
  tracker_.ApplyRefresh(Refresh(10, {Socket(1, 90)}));
  tracker_.ApplyRefresh(Refresh(11, {Socket(1, 3)}));
  EXPECT_EQ(PublishedListener(0).peak_queue, 90u);
  for (int i = 12; i <= 10 + 269; ++i) tracker_.ApplyRefresh(Refresh(i, {Socket(1, 3)}));
  EXPECT_EQ(PublishedListener(0).peak_queue, 90u);
  for (int i = 280; i <= 10 + 301; ++i) tracker_.ApplyRefresh(Refresh(i, {Socket(1, 3)}));
  EXPECT_EQ(PublishedListener(0).peak_queue, 3u);
}

TEST_F(NamespaceTrackerTest, PeakExpiresThoughTheListenerDoesNotAnswer) {
  tracker_.ApplyFull(Full(1, {Socket(1, 90)}));
  tracker_.ApplyFailure({{"netns", "enter: no"}}, At(400));
  EXPECT_EQ(PublishedListener(0).peak_queue, 0u);
  EXPECT_EQ(PublishedListener(0).reading.queue, 90u);
}

TEST_F(NamespaceTrackerTest, AClockSetBackKeepsThePeak) {
  tracker_.ApplyFull(Full(1000, {Socket(1, 90)}));
  tracker_.ApplyRefresh(Refresh(100, {Socket(1, 3)}));
  EXPECT_EQ(PublishedListener(0).peak_queue, 90u);
  tracker_.ApplyRefresh(Refresh(500, {Socket(1, 3)}));
  EXPECT_EQ(PublishedListener(0).peak_queue, 3u);
}

TEST_F(NamespaceTrackerTest, PublishesTheSameObjectUntilSomethingChanged) {
  tracker_.ApplyFull(Full(1, {Socket(1, 2), Socket(2)}));
  const auto first = tracker_.Publish();
  EXPECT_EQ(tracker_.Publish(), first);
  tracker_.ApplyRefresh(Refresh(2, {Socket(1, 2), Socket(2)}));
  tracker_.SetNames({});
  tracker_.SetErrors({});
  tracker_.SetProcessCount(std::nullopt);
  EXPECT_EQ(tracker_.Publish(), first);
  tracker_.ApplyRefresh(Refresh(3, {Socket(1, 2), Socket(2, 1)}));
  const auto second = tracker_.Publish();
  EXPECT_NE(second, first);
  EXPECT_EQ(first->listeners[1].reading.queue, 0u) << "what was published never changes";
  EXPECT_EQ(second->listeners[1].reading.queue, 1u);
}

TEST_F(NamespaceTrackerTest, SomaxconnThatChangesLatchesTheLimits) {
  model::NamespaceReading reading = Full(1, {Socket(1, 0, 0, 4096), Socket(2, 0, 0, 511)});
  reading.sysctls = SysctlsWith({{std::string(kSomaxconn), "4096"}});
  reading.sysctls_in_full = true;
  tracker_.ApplyFull(std::move(reading));
  EXPECT_EQ(PublishedListener(0).limit_state, LimitState::kSomaxconn);
  EXPECT_EQ(PublishedListener(1).limit_state, LimitState::kApplication);
  EXPECT_EQ(tracker_.Publish()->sysctls_time, At(1));

  reading = Full(2, {Socket(1, 0, 0, 4096), Socket(2, 0, 0, 511), Socket(3, 0, 0, 4096)});
  reading.sysctls = SysctlsWith({{std::string(kSomaxconn), "8192"}});
  tracker_.ApplyFull(std::move(reading));
  EXPECT_EQ(PublishedListener(0).limit_state, LimitState::kLatched);
  EXPECT_EQ(PublishedListener(1).limit_state, LimitState::kApplication);
  EXPECT_EQ(PublishedListener(2).limit_state, LimitState::kApplication) << "it appeared with the new value";
  EXPECT_EQ(tracker_.Publish()->sysctls_time, At(1)) << "not all of them were read again";

  // listen(2) called again takes the new value, then one of its own that was once somaxconn.
  tracker_.ApplyRefresh(Refresh(3, {Socket(1, 0, 0, 8192)}));
  EXPECT_EQ(PublishedListener(0).limit_state, LimitState::kSomaxconn);
  tracker_.ApplyRefresh(Refresh(4, {Socket(1, 0, 0, 4096)}));
  EXPECT_EQ(PublishedListener(0).limit_state, LimitState::kApplication);
}

TEST_F(NamespaceTrackerTest, SyncookiesDecideTheCause) {
  model::NamespaceReading reading = Full(1, {Socket(1)});
  reading.sysctls = SysctlsWith({{"net.ipv4.tcp_syncookies", "0"}});
  tracker_.ApplyFull(std::move(reading));
  reading = Full(2, {Socket(1, 0, 13)});
  reading.netstat_before = reading.netstat_after = Netstat(13, 0, 5);
  const auto event = tracker_.ApplyFull(std::move(reading));
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->counts, (model::DropCounts{.syn_queue_full = 5, .probably_syn_queue = 8}));
}

TEST_F(NamespaceTrackerTest, UnreadPartsKeepTheirLastValues) {
  model::NamespaceReading reading = Full(1, {Socket(1)}, 5, 5);
  reading.sysctls = SysctlsWith({{std::string(kSomaxconn), "128"}});
  reading.sockets.time_wait = 88;
  tracker_.ApplyFull(std::move(reading));
  model::NamespaceReading failed;
  failed.time = At(2);
  failed.errors = {{"counters", "open netstat: no"}};
  EXPECT_EQ(tracker_.ApplyFull(std::move(failed)), std::nullopt);
  const auto value = tracker_.Publish();
  EXPECT_EQ(value->netstat.Get("TcpExtListenDrops"), 5u);
  EXPECT_EQ(value->counters_time, At(1));
  EXPECT_NE(value->sysctls, nullptr);
  EXPECT_EQ(value->sockets.time_wait, 88u);
  EXPECT_THAT(value->listeners, SizeIs(1));
  EXPECT_THAT(value->errors, ElementsAre(model::PartError{"counters", "open netstat: no"}));
}

TEST_F(NamespaceTrackerTest, ErrorsOfAVisitGoWithTheNextOnesOthersStay) {
  tracker_.SetErrors({{"processes", "hidden"}});
  tracker_.ApplyFailure({{"netns", "enter: no"}}, At(1));
  EXPECT_THAT(tracker_.Publish()->errors,
              ElementsAre(model::PartError{"netns", "enter: no"}, model::PartError{"processes", "hidden"}));
  tracker_.ApplyFull(Full(2, {}));
  EXPECT_THAT(tracker_.Publish()->errors, ElementsAre(model::PartError{"processes", "hidden"}));
  tracker_.SetErrors({});
  EXPECT_THAT(tracker_.Publish()->errors, IsEmpty());
}

TEST_F(NamespaceTrackerTest, ProcessesAreLookedForOncePerInode) {
  tracker_.ApplyFull(Full(1, {Socket(1), Socket(2)}));
  EXPECT_THAT(tracker_.InodesWithoutProcesses(), ElementsAre(1001, 1002));
  auto processes = std::make_shared<model::SocketProcesses>();
  processes->count = 4;
  tracker_.SetSocketProcesses(1001, processes);
  EXPECT_THAT(tracker_.InodesWithoutProcesses(), ElementsAre(1002));
  tracker_.ApplyFull(Full(2, {Socket(1), Socket(2)}));
  EXPECT_EQ(PublishedListener(0).processes, processes);
  tracker_.SetSocketProcesses(1001, nullptr);
  EXPECT_THAT(tracker_.InodesWithoutProcesses(), ElementsAre(1001, 1002));
}

TEST_F(NamespaceTrackerTest, IdentityAndOwnersReachEventsAndValues) {
  tracker_.SetNames({"blue"});
  auto owners = std::make_shared<std::vector<model::Owner>>(1);
  owners->at(0).pod = "api-0";
  tracker_.SetOwners(owners);
  model::NamespaceReading reading = Full(1, {Socket(1)});
  reading.cookie = 4711;
  tracker_.ApplyFull(std::move(reading));
  const auto event = tracker_.ApplyFull(Full(2, {Socket(1, 0, 1)}, 1, 1));
  ASSERT_TRUE(event.has_value());
  EXPECT_EQ(event->netns->cookie, 4711u);
  EXPECT_THAT(event->netns->names, ElementsAre("blue"));
  EXPECT_EQ(event->owners, owners);
  EXPECT_EQ(tracker_.Publish()->id, event->netns);
}

TEST_F(NamespaceTrackerTest, EndKeepsTheLastValues) {
  tracker_.ApplyFull(Full(1, {Socket(1, 5)}));
  const auto live = tracker_.Publish();
  const auto ended = tracker_.End(At(9));
  EXPECT_EQ(ended->ended, At(9));
  EXPECT_EQ(live->ended, std::nullopt);
  ASSERT_THAT(ended->listeners, SizeIs(1));
  EXPECT_EQ(ended->listeners[0].reading.queue, 5u);
}

}  // namespace
}  // namespace listenq::analyze
