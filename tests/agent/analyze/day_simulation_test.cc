// A day of beats in a fast clock: 40 namespaces with 4 listeners each, pods that come and go, drops.
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>

#include "agent/analyze/flight_recorder.h"
#include "agent/analyze/namespace_tracker.h"
#include "tests/agent/analyze/builders.h"

namespace listenq::analyze {
namespace {

constexpr int kDay = 86400;
constexpr size_t kPods = 40;
constexpr size_t kListeners = 4;

// The kernel's side of one pod. Only its first listener ever loses a connection; the second gets noise.
struct Pod {
  Pod(model::NetnsSerial serial, double now) : tracker(Id(serial, now), At(now)) {
    for (size_t i = 0; i < kListeners; ++i) sockets.push_back(Socket(serial * 100 + i));
    Publish(now);
  }
  static model::NetnsId Id(model::NetnsSerial serial, double now) {
    model::NetnsId id;
    id.serial = serial;
    id.first_seen = At(now);
    return id;
  }
  void Publish(double now) { tracker.ApplyFull(Full(now, sockets, drops, drops)); }

  NamespaceTracker tracker;
  std::vector<model::ListenerReading> sockets;
  uint64_t drops = 0;
};

class DaySimulation {
 public:
  DaySimulation() {
    for (size_t i = 0; i < kPods; ++i) pods_.push_back(std::make_unique<Pod>(++last_serial_, 0));
  }

  void Beat(int now) {
    if (now % 60 == 0) ReplaceOldestPod(now);
    for (auto& pod : pods_) {
      Disturb(*pod, now);
      const bool full = pod->tracker.ApplyRefresh(Refresh(now, pod->sockets)).needs_full || now % 5 == 0;
      if (full) ReadInFull(*pod, now);
      recorder.AddSamples(pod->tracker.Publish(), At(now));
    }
    recorder.Expire(At(now));
    most_bytes = std::max(most_bytes, recorder.MemoryBytes());
  }

  FlightRecorder recorder{FlightRecorder::Options{.memory_limit_bytes = size_t{2} << 20}};
  size_t most_bytes = 0;
  uint64_t dropped = 0;
  uint64_t counted = 0;
  uint64_t exact = 0;
  uint64_t ended = 0;

 private:
  void Disturb(Pod& pod, int now) {
    if (random_() % 100 == 0) pod.sockets[2].queue = random_() % 100;
    if (random_() % 500 == 0) pod.sockets[1].sk_drops = *pod.sockets[1].sk_drops + 1;
    const bool overflowing = pod.tracker.id().serial % 40 == 0 && now % 300 < 20;
    pod.sockets[0].queue = overflowing ? 129 : 0;
    if (!overflowing) return;
    const uint32_t lost = random_() % 4;
    pod.sockets[0].sk_drops = *pod.sockets[0].sk_drops + lost;
    pod.drops += lost;
    dropped += lost;
  }

  void ReadInFull(Pod& pod, int now) {
    std::optional<model::DropEvent> event =
        pod.tracker.ApplyFull(Full(now, pod.sockets, pod.drops, pod.drops));
    if (!event.has_value()) return;
    counted += event->counts.accept_queue_full;
    exact += event->counts.total() - event->unattributed;
    recorder.AddDrops(*std::move(event));
  }

  void ReplaceOldestPod(int now) {
    recorder.End(pods_.front()->tracker.End(At(now)));
    pods_.pop_front();
    pods_.push_back(std::make_unique<Pod>(++last_serial_, now));
    ++ended;
  }

  std::mt19937 random_{11};
  model::NetnsSerial last_serial_ = 0;
  std::deque<std::unique_ptr<Pod>> pods_;
};

TEST(DaySimulation, StaysWithinItsBoundsAndCountsEveryDrop) {
  DaySimulation day;
  size_t bytes_after_two_hours = 0;
  for (int now = 1; now <= kDay; ++now) {
    day.Beat(now);
    ASSERT_LE(day.recorder.MemoryBytes(), size_t{2} << 20) << now;
    if (now == 7200) bytes_after_two_hours = day.most_bytes;
  }
  EXPECT_GT(day.dropped, 1000u);
  EXPECT_EQ(day.counted, day.dropped);
  EXPECT_GT(day.exact, day.dropped * 9 / 10);
  EXPECT_EQ(day.ended, kDay / 60u);
  EXPECT_EQ(day.recorder.Ended().size(), 16u) << "one a minute, kept for 15 minutes";

  uint64_t in_episodes = 0;
  const auto episodes = day.recorder.Episodes(absl::InfinitePast());
  for (const model::DropEpisode& episode : episodes) in_episodes += episode.counts.total();
  EXPECT_EQ(in_episodes, day.dropped);
  EXPECT_GT(episodes.size(), 100u);
  // What grows in a day is the episodes, and nothing else.
  EXPECT_LT(day.most_bytes, bytes_after_two_hours + episodes.size() * 1024);
  const auto history = day.recorder.History([](const model::Namespace&) { return true; }, At(kDay - 900));
  EXPECT_EQ(history.size(), (kPods + 16) * kListeners);
  for (const ListenerSamples& samples : history) EXPECT_FALSE(samples.truncated);
  RecordProperty("most_bytes", static_cast<int>(day.most_bytes));
  RecordProperty("episodes", static_cast<int>(episodes.size()));
}

TEST(DaySimulation, IdleListenersCostOneSampleEach) {
  FlightRecorder recorder({});
  std::vector<std::unique_ptr<Pod>> pods;
  for (size_t i = 0; i < kPods; ++i) pods.push_back(std::make_unique<Pod>(i + 1, 0));
  for (int now = 1; now <= 3600; ++now) {
    for (auto& pod : pods) {
      pod->tracker.ApplyRefresh(Refresh(now, pod->sockets));
      if (now % 5 == 0) pod->tracker.ApplyFull(Full(now, pod->sockets));
      recorder.AddSamples(pod->tracker.Publish(), At(now));
    }
    recorder.Expire(At(now));
  }
  EXPECT_LT(recorder.MemoryBytes(), kPods * kListeners * 180);
}

}  // namespace
}  // namespace listenq::analyze
