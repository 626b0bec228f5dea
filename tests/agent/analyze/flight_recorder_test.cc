#include "agent/analyze/flight_recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <thread>

#include "tests/agent/analyze/builders.h"

namespace listenq::analyze {
namespace {

using model::DropBounds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

bool Any(const model::Namespace&) { return true; }

std::shared_ptr<const model::Namespace> Ended(model::NetnsSerial serial, double seconds) {
  auto value = Value(serial, {Socket(serial)});
  value->ended = At(seconds);
  return value;
}

class FlightRecorderTest : public ::testing::Test {
 protected:
  std::vector<model::DropEpisode> AllEpisodes() const { return recorder_.Episodes(absl::InfinitePast()); }
  std::vector<ListenerSamples> All() const { return recorder_.History(Any, absl::InfinitePast()); }

  FlightRecorder recorder_{FlightRecorder::Options{}};
};

// ---- samples

TEST_F(FlightRecorderTest, SamplesOfEachListener) {
  const auto first = Value(1, {Socket(1, 5), Socket(2)});
  recorder_.AddSamples(first, At(0));
  recorder_.AddSamples(first, At(1));
  const auto second = Value(1, {Socket(1, 6), Socket(2)});
  recorder_.AddSamples(second, At(2));
  const std::vector<ListenerSamples> history = All();
  ASSERT_THAT(history, SizeIs(2));
  EXPECT_EQ(history[0].netns, second->id);
  EXPECT_EQ(history[0].listener, Socket(1, 6));
  ASSERT_THAT(history[0].samples, SizeIs(2));
  EXPECT_EQ(history[0].samples[1].time, At(2));
  EXPECT_EQ(history[0].samples[1].queue, 6u);
  EXPECT_EQ(history[0].end, At(2));
  EXPECT_FALSE(history[0].truncated);
  EXPECT_THAT(history[1].samples, SizeIs(1));
}

TEST_F(FlightRecorderTest, AnUnchangedValueMovesOnlyTheEnd) {
  const auto value = Value(1, {Socket(1, 5)});
  recorder_.AddSamples(value, At(0));
  const size_t bytes = recorder_.MemoryBytes();
  for (int i = 1; i < 600; ++i) recorder_.AddSamples(value, At(i));
  EXPECT_EQ(recorder_.MemoryBytes(), bytes);
  ASSERT_THAT(All(), SizeIs(1));
  EXPECT_EQ(All()[0].end, At(599));
}

TEST_F(FlightRecorderTest, ListenersInAnyOrder) {
  recorder_.AddSamples(Value(1, {Socket(3, 1), Socket(1, 1), Socket(2, 1)}), At(0));
  recorder_.AddSamples(Value(1, {Socket(2, 2), Socket(3, 2), Socket(1, 2), Socket(0, 2)}), At(1));
  const std::vector<ListenerSamples> history = All();
  ASSERT_THAT(history, SizeIs(4));
  for (size_t i = 1; i < 4; ++i) {
    if (history[i].listener.cookie == 0) continue;
    EXPECT_THAT(history[i].samples, SizeIs(2)) << history[i].listener.cookie;
  }
}

TEST_F(FlightRecorderTest, AClosedListenerIsKeptForAWhile) {
  recorder_.AddSamples(Value(1, {Socket(1, 5), Socket(2)}), At(0));
  recorder_.AddSamples(Value(1, {Socket(2)}), At(10));
  std::vector<ListenerSamples> history = All();
  ASSERT_THAT(history, SizeIs(2));
  EXPECT_EQ(history[0].listener, Socket(1, 5));
  EXPECT_EQ(history[0].end, At(10));
  EXPECT_THAT(recorder_.History(Any, At(11)), IsEmpty()) << "both ended before";
  recorder_.AddSamples(Value(1, {Socket(2)}), At(1000));
  recorder_.Expire(At(1000));
  history = All();
  ASSERT_THAT(history, SizeIs(1));
  EXPECT_EQ(history[0].listener.cookie, 2u);
}

TEST_F(FlightRecorderTest, OldSamplesExpireTheStandingOneStays) {
  for (int i = 0; i <= 1800; ++i) {
    recorder_.AddSamples(Value(1, {Socket(1, static_cast<uint32_t>(i))}), At(i));
    recorder_.Expire(At(i));
  }
  const std::vector<ListenerSamples> history = recorder_.History(Any, At(900));
  ASSERT_THAT(history, SizeIs(1));
  ASSERT_THAT(history[0].samples, SizeIs(901));
  EXPECT_EQ(history[0].samples.front().queue, 900u);
  EXPECT_FALSE(history[0].truncated);
  EXPECT_LT(All()[0].samples.size(), 1300u);
}

TEST_F(FlightRecorderTest, OnlyWantedNamespaces) {
  recorder_.AddSamples(Value(1, {Socket(1)}), At(0));
  recorder_.AddSamples(Value(2, {Socket(2)}), At(0));
  recorder_.End(Ended(3, 1));
  const auto odd = [](const model::Namespace& value) { return value.id->serial % 2 == 1; };
  const std::vector<ListenerSamples> history = recorder_.History(odd, absl::InfinitePast());
  ASSERT_THAT(history, SizeIs(2));
  EXPECT_EQ(history[0].netns->serial, 1u);
  EXPECT_EQ(history[1].netns->serial, 3u);
}

TEST_F(FlightRecorderTest, DropsStandWithTheSamples) {
  recorder_.AddSamples(Value(1, {Socket(1)}), At(0));
  recorder_.AddDrops(Event(1, 0, 5, 3, {Share(1, 2, 3), Share(99, 0, 1)}));
  recorder_.AddSamples(Value(1, {Socket(1, 129, 3)}), At(5));
  const std::vector<ListenerSamples> history = All();
  ASSERT_THAT(history, SizeIs(1));
  ASSERT_THAT(history[0].samples, SizeIs(2));
  EXPECT_EQ(history[0].samples[0].drops_max, 0u);
  EXPECT_EQ(history[0].samples[1].drops_min, 2u);
  EXPECT_EQ(history[0].samples[1].drops_max, 3u);
}

// ---- ended namespaces

TEST_F(FlightRecorderTest, EndedNamespacesNewestFirstUntilTheyExpire) {
  recorder_.AddSamples(Value(1, {Socket(1, 7)}), At(0));
  recorder_.End(Ended(1, 10));
  recorder_.End(Ended(2, 30));
  recorder_.End(Ended(3, 20));
  recorder_.AddSamples(Value(1, {Socket(1, 9)}), At(40));
  std::vector<model::NetnsSerial> serials;
  for (const auto& value : recorder_.Ended()) serials.push_back(value->id->serial);
  EXPECT_THAT(serials, ElementsAre(2, 3, 1));
  const std::vector<ListenerSamples> history = All();
  ASSERT_THAT(history, SizeIs(3));
  EXPECT_EQ(history[0].end, At(10));
  ASSERT_THAT(history[0].samples, SizeIs(2)) << "its samples outlive it, and none come after its end";
  EXPECT_EQ(history[0].samples[0].queue, 7u);

  recorder_.Expire(At(10 + 900.5));
  EXPECT_THAT(recorder_.Ended(), SizeIs(2));
  recorder_.Expire(At(2000));
  EXPECT_THAT(recorder_.Ended(), IsEmpty());
  EXPECT_THAT(All(), IsEmpty());
  EXPECT_EQ(recorder_.MemoryBytes(), 0u);
}

TEST_F(FlightRecorderTest, AtMostFiveHundredEnded) {
  for (uint64_t i = 1; i <= 600; ++i) recorder_.End(Ended(i, static_cast<double>(i)));
  const auto ended = recorder_.Ended();
  ASSERT_THAT(ended, SizeIs(500));
  EXPECT_EQ(ended.front()->id->serial, 600u);
  EXPECT_EQ(ended.back()->id->serial, 101u);
}

TEST_F(FlightRecorderTest, ANamespaceThatWasGivenUpIsForgotten) {
  recorder_.AddSamples(Value(1, {Socket(1)}), At(0));
  recorder_.Expire(At(2000));
  EXPECT_THAT(All(), IsEmpty());
  EXPECT_EQ(recorder_.MemoryBytes(), 0u);
}

// ---- episodes

TEST_F(FlightRecorderTest, EventsWithoutAPauseAreOneEpisode) {
  EXPECT_EQ(recorder_.AddDrops(Event(1, 0, 5, 3, {Share(1, 3, 3, 100)})).episode_id, 1u);
  EXPECT_EQ(recorder_.AddDrops(Event(1, 34.9, 40, 4, {Share(1, 1, 4, 90), Share(2, 0, 3)})).episode_id, 1u);
  const auto episodes = AllEpisodes();
  ASSERT_THAT(episodes, SizeIs(1));
  EXPECT_EQ(episodes[0].start, At(0));
  EXPECT_EQ(episodes[0].last, At(40));
  EXPECT_EQ(episodes[0].counts, model::DropCounts{.accept_queue_full = 7});
  EXPECT_EQ(episodes[0].unattributed, 3u);
  ASSERT_THAT(episodes[0].shares, SizeIs(2));
  EXPECT_EQ(episodes[0].shares[0].drops, (DropBounds{.min = 4, .max = 7}));
  EXPECT_EQ(episodes[0].shares[0].peak_queue, 100u);
  EXPECT_EQ(episodes[0].shares[0].start, At(0));
  EXPECT_EQ(episodes[0].shares[0].last, At(40));
  EXPECT_EQ(episodes[0].shares[1].start, At(34.9));
}

TEST_F(FlightRecorderTest, APauseOrAnotherNamespaceIsAnotherEpisode) {
  EXPECT_EQ(recorder_.AddDrops(Event(1, 0, 5, 1)).episode_id, 1u);
  EXPECT_EQ(recorder_.AddDrops(Event(2, 0, 6, 1)).episode_id, 2u);
  EXPECT_EQ(recorder_.AddDrops(Event(1, 35, 40, 1)).episode_id, 3u);
  const auto episodes = AllEpisodes();
  ASSERT_THAT(episodes, SizeIs(3));
  EXPECT_EQ(episodes[0].id, 3u);
  EXPECT_EQ(episodes[1].id, 2u);
  EXPECT_EQ(episodes[2].id, 1u);
  EXPECT_THAT(recorder_.Episodes(At(6)), SizeIs(2));
  EXPECT_THAT(recorder_.Episodes(At(40.1)), IsEmpty());
}

TEST_F(FlightRecorderTest, AnEpisodeKeepsTheLikeliestShares) {
  std::vector<model::DropShare> shares;
  for (uint64_t i = 1; i <= 16; ++i) shares.push_back(Share(i, 1, 10 + i));
  recorder_.AddDrops(Event(1, 0, 5, 100, shares));
  recorder_.AddDrops(Event(1, 5, 10, 100, {Share(50, 7, 7), Share(51, 0, 90)}));
  const auto episodes = AllEpisodes();
  ASSERT_THAT(episodes, SizeIs(1));
  const auto& kept = episodes[0].shares;
  ASSERT_THAT(kept, SizeIs(model::DropEpisode::kMaxShares));
  EXPECT_EQ(kept[0].listener.cookie, 50u);
  EXPECT_EQ(kept[1].listener.cookie, 16u);
  EXPECT_EQ(kept[15].listener.cookie, 2u);
  EXPECT_EQ(episodes[0].unattributed, 84u + 93 + 1) << "the cut share's min is covered by none";
}

TEST_F(FlightRecorderTest, EpisodesExpireByTheirLastDrop) {
  for (int i = 0; i < 3000; ++i) recorder_.AddDrops(Event(1, 29 * i, 29 * i + 5, 1));  // ongoing for 24 h
  recorder_.AddDrops(Event(2, 10, 20, 1));
  recorder_.Expire(At(86400 + 21));
  const auto episodes = AllEpisodes();
  ASSERT_THAT(episodes, SizeIs(1));
  EXPECT_EQ(episodes[0].counts.total(), 3000u);
  EXPECT_EQ(recorder_.AddDrops(Event(2, 86400, 86421, 1)).episode_id, 3u) << "ids are never given again";
}

TEST(FlightRecorderBounds, TheOldestEpisodesGo) {
  FlightRecorder recorder({.max_episodes = 10});
  for (int i = 0; i < 25; ++i) recorder.AddDrops(Event(static_cast<uint64_t>(i), i, i + 1, 1));
  const auto episodes = recorder.Episodes(absl::InfinitePast());
  ASSERT_THAT(episodes, SizeIs(10));
  EXPECT_EQ(episodes.front().id, 25u);
  EXPECT_EQ(episodes.back().id, 16u);
}

// ---- the memory bound

TEST(FlightRecorderBounds, SamplesAreCutAndSaySo) {
  FlightRecorder recorder({.memory_limit_bytes = 64 << 10});
  for (int i = 0; i < 600; ++i) {
    for (uint64_t serial = 1; serial <= 20; ++serial) {
      const auto noise = static_cast<uint32_t>(serial == 1 ? 0 : i);
      recorder.AddSamples(Value(serial, {Socket(serial, noise)}), At(i));
    }
    recorder.Expire(At(i));
    ASSERT_LE(recorder.MemoryBytes(), size_t{64} << 10);
  }
  const auto history = recorder.History(Any, At(0));
  ASSERT_THAT(history, SizeIs(20));
  EXPECT_FALSE(history[0].truncated) << "it was idle: nothing of it is missing";
  for (size_t i = 1; i < history.size(); ++i) {
    EXPECT_TRUE(history[i].truncated);
    EXPECT_GT(history[i].samples.size(), 20u);
    EXPECT_EQ(history[i].samples.back().queue, 599u);
  }
  EXPECT_FALSE(recorder.History(Any, At(590))[1].truncated);
}

TEST(FlightRecorderBounds, ANoisyNamespaceLosesItsOwnSamples) {
  FlightRecorder recorder({.memory_limit_bytes = 256 << 10});
  for (uint32_t i = 0; i < 300; ++i) {
    std::vector<model::ListenerReading> hostile;
    for (uint64_t cookie = 100; cookie < 300; ++cookie) hostile.push_back(Socket(cookie, i));
    recorder.AddSamples(Value(1, hostile), At(i));
    recorder.AddSamples(Value(2, {Socket(2, i)}), At(i));
    recorder.Expire(At(i));
  }
  const auto quiet =
      recorder.History([](const model::Namespace& value) { return value.id->serial == 2; }, At(0));
  ASSERT_THAT(quiet, SizeIs(1));
  EXPECT_FALSE(quiet[0].truncated);
  EXPECT_THAT(quiet[0].samples, SizeIs(300));
}

TEST(FlightRecorderBounds, ListenersThatComeAndGoStayBounded) {
  FlightRecorder recorder({.memory_limit_bytes = 256 << 10});
  for (uint64_t i = 0; i < 2000; ++i) {
    recorder.AddSamples(Value(1, {Socket(3 * i), Socket(3 * i + 1), Socket(3 * i + 2)}),
                        At(static_cast<double>(i)));
    recorder.Expire(At(static_cast<double>(i)));
    ASSERT_LE(recorder.MemoryBytes(), size_t{256} << 10);
  }
}

TEST(FlightRecorderBounds, EndedNamespacesAndEpisodesAreBoundedToo) {
  FlightRecorder recorder({.memory_limit_bytes = 128 << 10});
  for (uint64_t i = 1; i <= 3000; ++i) {
    const auto now = static_cast<double>(i);
    auto owners = std::make_shared<std::vector<model::Owner>>(1);
    owners->at(0).image = std::string(1000, 'x');
    model::DropEvent event = Event(i, now, now + 1, 1, {Share(i, 1, 1)});
    event.owners = owners;
    recorder.AddDrops(event);
    auto value = Value(i, {Socket(i)});
    value->owners = owners;
    value->ended = At(now);
    recorder.End(value);
    recorder.Expire(At(now));
    ASSERT_LE(recorder.MemoryBytes(), size_t{128} << 10);
  }
  EXPECT_GT(recorder.Ended().size(), 10u);
  EXPECT_GT(recorder.Episodes(absl::InfinitePast()).size(), 10u);
  EXPECT_EQ(recorder.Episodes(absl::InfinitePast()).front().id, 3000u);
}

TEST(FlightRecorderBounds, SharedOwnersCountOnce) {
  FlightRecorder recorder({});
  auto owners = std::make_shared<std::vector<model::Owner>>(1);
  owners->at(0).image = std::string(100000, 'x');
  for (int i = 0; i < 100; ++i) {
    model::DropEvent event = Event(1, 100 * i, 100 * i + 5, 1);
    event.owners = owners;
    recorder.AddDrops(event);
  }
  EXPECT_GT(recorder.MemoryBytes(), 100000u);
  EXPECT_LT(recorder.MemoryBytes(), 200000u);
  recorder.Expire(At(1e6));
  EXPECT_EQ(recorder.MemoryBytes(), 0u);
}

// ---- subscribers

TEST_F(FlightRecorderTest, SubscribersGetEveryEventWithItsEpisode) {
  std::vector<uint64_t> episodes;
  const uint64_t id =
      recorder_.Subscribe([&](const model::DropEvent& event) { episodes.push_back(event.episode_id); });
  EXPECT_NE(id, 0u);
  recorder_.AddDrops(Event(1, 0, 5, 1));
  recorder_.AddDrops(Event(2, 0, 5, 1));
  recorder_.Unsubscribe(id);
  recorder_.Unsubscribe(id);
  recorder_.AddDrops(Event(3, 0, 5, 1));
  EXPECT_THAT(episodes, ElementsAre(1, 2));
}

TEST_F(FlightRecorderTest, ASubscriberMayAskTheRecorder) {
  size_t seen = 0;
  recorder_.Subscribe([&](const model::DropEvent&) { seen = AllEpisodes().size(); });
  recorder_.AddDrops(Event(1, 0, 5, 1));
  EXPECT_EQ(seen, 1u);
}

// A callback that ran after Unsubscribe would use what is gone: `alive` would be false.
TEST_F(FlightRecorderTest, NoCallRunsAfterUnsubscribe) {
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> calls = 0;
  std::atomic<uint64_t> late_calls = 0;
  std::thread scan([&] {
    for (int i = 0; !stop; ++i) {
      recorder_.AddDrops(Event(1, i, i + 1, 1));
      recorder_.AddSamples(Value(1, {Socket(1, static_cast<uint32_t>(i))}), At(i));
      recorder_.Expire(At(i));
    }
  });
  std::vector<std::thread> watchers;
  for (int i = 0; i < 3; ++i) {
    watchers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        std::atomic<bool> alive = true;
        std::atomic<int> mine = 0;
        const uint64_t id = recorder_.Subscribe([&](const model::DropEvent&) {
          ++calls;
          ++mine;
          if (!alive) ++late_calls;
        });
        while (mine == 0) std::this_thread::yield();
        recorder_.Unsubscribe(id);
        alive = false;
        EXPECT_FALSE(recorder_.History(Any, absl::InfinitePast()).size() > 1);
        EXPECT_THAT(AllEpisodes(), SizeIs(1));
      }
    });
  }
  for (std::thread& watcher : watchers) watcher.join();
  stop = true;
  scan.join();
  EXPECT_GE(calls, 600u);
  EXPECT_EQ(late_calls, 0u);
}

}  // namespace
}  // namespace listenq::analyze
