#include "agent/walk_thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/sys/mutex.h"
#include "tests/support/wait.h"

namespace listenq::agent {
namespace {

using Result = absl::StatusOr<serve::WalkResults>;

// Holds the walk's thread at the door of a namespace until it is opened. No namespace is ever found.
class Door {
 public:
  WalkThread::FindWayIn Find() {
    return [this](model::NetnsSerial serial) -> std::optional<collect::WayIn> {
      sys::MutexLock lock(mutex_);
      asked_.push_back(serial);
      changed_.notify_all();
      while (!open_) lock.Wait(changed_);
      return std::nullopt;
    };
  }
  void Open() {
    const sys::MutexLock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  // Until the walk of the `count`th namespace has begun.
  void AwaitAsked(size_t count) {
    sys::MutexLock lock(mutex_);
    while (asked_.size() < count) lock.Wait(changed_);
  }
  std::vector<model::NetnsSerial> asked() {
    const sys::MutexLock lock(mutex_);
    return asked_;
  }

 private:
  sys::Mutex mutex_;
  std::condition_variable changed_;
  bool open_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<model::NetnsSerial> asked_ ABSL_GUARDED_BY(mutex_);
};

// One caller: an order for some namespaces, and what became of it.
struct Caller {
  std::atomic<bool> cancelled = false;
  std::atomic<int> answers = 0;
  std::optional<Result> result;

  serve::WalkOrder Order(const std::vector<model::NetnsSerial>& serials) {
    serve::WalkOrder order;
    for (const model::NetnsSerial serial : serials) order.subjects.push_back({.serial = serial});
    order.time_limit = absl::Hours(1);
    order.max_rows = 20;
    order.cancelled = [this] { return cancelled.load(); };
    order.done = [this](Result answer) {
      result = std::move(answer);
      ++answers;
    };
    return order;
  }
  [[nodiscard]] bool AwaitAnswer() const {
    return test::WaitUntil([this] { return answers.load() > 0; });
  }
};

TEST(WalkThread, AnswersForEachNamespaceInOrder) {
  Door door;
  door.Open();
  Caller caller;
  WalkThread walks(door.Find());
  ASSERT_TRUE(walks.Start(caller.Order({7, 3, 5})).ok());
  ASSERT_TRUE(caller.AwaitAnswer());
  ASSERT_TRUE(caller.result->ok()) << caller.result->status();
  ASSERT_EQ((*caller.result)->size(), 3u);
  EXPECT_EQ((**caller.result)[0].status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(door.asked(), ::testing::ElementsAre(7, 3, 5));
}

TEST(WalkThread, NoNamespaceIsNoWork) {
  Door door;
  Caller caller;
  WalkThread walks(door.Find());
  ASSERT_TRUE(walks.Start(caller.Order({})).ok());
  ASSERT_TRUE(caller.AwaitAnswer());
  ASSERT_TRUE(caller.result->ok());
  EXPECT_TRUE((*caller.result)->empty());
}

TEST(WalkThread, TimeThatIsUpIsSaidOfEachThatHadNoTurn) {
  Door door;
  door.Open();
  Caller caller;
  WalkThread walks(door.Find());
  serve::WalkOrder order = caller.Order({1, 2});
  order.time_limit = absl::ZeroDuration();
  ASSERT_TRUE(walks.Start(std::move(order)).ok());
  ASSERT_TRUE(caller.AwaitAnswer());
  ASSERT_TRUE(caller.result->ok());
  EXPECT_EQ((**caller.result)[0].status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ((**caller.result)[1].status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(door.asked().empty());
}

TEST(WalkThread, OneWalksTheOthersWaitAndTooManyAreRefused) {
  Door door;
  Caller first;
  std::vector<std::unique_ptr<Caller>> others;
  Caller refused;
  WalkThread walks(door.Find());
  ASSERT_TRUE(walks.Start(first.Order({100})).ok());
  door.AwaitAsked(1);
  for (size_t i = 0; i < WalkThread::kMaxWaiting; ++i) {
    others.push_back(std::make_unique<Caller>());
    ASSERT_TRUE(walks.Start(others.back()->Order({i})).ok()) << i;
  }
  const absl::Status status = walks.Start(refused.Order({9}));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(std::string(status.message()),
            "count connections: 8 calls wait for their turn already; try again in a moment");
  EXPECT_THAT(door.asked(), ::testing::ElementsAre(100));
  door.Open();
  for (const auto& caller : others) ASSERT_TRUE(caller->AwaitAnswer());
  EXPECT_THAT(door.asked(), ::testing::ElementsAre(100, 0, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_EQ(refused.answers.load(), 0);
}

TEST(WalkThread, WhoCancelsWhileWaitingLeavesRoom) {
  Door door;
  Caller first;
  std::vector<std::unique_ptr<Caller>> others;
  Caller late;
  WalkThread walks(door.Find());
  ASSERT_TRUE(walks.Start(first.Order({100})).ok());
  door.AwaitAsked(1);
  for (size_t i = 0; i < WalkThread::kMaxWaiting; ++i) {
    others.push_back(std::make_unique<Caller>());
    ASSERT_TRUE(walks.Start(others.back()->Order({i})).ok());
  }
  others[3]->cancelled = true;
  ASSERT_TRUE(walks.Start(late.Order({9})).ok());
  EXPECT_EQ(others[3]->answers.load(), 1);
  EXPECT_EQ(others[3]->result->status().code(), absl::StatusCode::kCancelled);
  door.Open();
  ASSERT_TRUE(late.AwaitAnswer());
  EXPECT_THAT(door.asked(), ::testing::ElementsAre(100, 0, 1, 2, 4, 5, 6, 7, 9));
}

TEST(WalkThread, WhoCancelsEndsTheWalk) {
  Door door;
  Caller caller;
  WalkThread walks(door.Find());
  ASSERT_TRUE(walks.Start(caller.Order({1, 2, 3})).ok());
  door.AwaitAsked(1);
  caller.cancelled = true;
  door.Open();
  ASSERT_TRUE(caller.AwaitAnswer());
  EXPECT_EQ(caller.result->status().code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(door.asked(), ::testing::ElementsAre(1));
}

TEST(WalkThread, StopEndsTheWalkAndAnswersThoseThatWait) {
  Door door;
  Caller first;
  Caller second;
  Caller probe;
  WalkThread walks(door.Find());
  ASSERT_TRUE(walks.Start(first.Order({1, 2})).ok());
  door.AwaitAsked(1);
  ASSERT_TRUE(walks.Start(second.Order({3})).ok());
  std::thread stop([&] { walks.Stop(); });
  EXPECT_TRUE(test::WaitUntil([&] { return absl::IsUnavailable(walks.Start(probe.Order({4}))); }));
  door.Open();
  stop.join();
  EXPECT_EQ(first.result->status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(second.result->status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(first.answers.load() + second.answers.load(), 2);
  EXPECT_THAT(door.asked(), ::testing::ElementsAre(1));
}

TEST(WalkThread, StopsWithoutEverHavingWorked) {
  Door door;
  WalkThread walks(door.Find());
  walks.Stop();
  walks.Stop();
  Caller caller;
  EXPECT_EQ(walks.Start(caller.Order({1})).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(caller.answers.load(), 0);
}

}  // namespace
}  // namespace listenq::agent
