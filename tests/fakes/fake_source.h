// A source of peers that says what a test wants.
#ifndef LISTENQ_TESTS_FAKES_FAKE_SOURCE_H_
#define LISTENQ_TESTS_FAKES_FAKE_SOURCE_H_

#include <condition_variable>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "agent/sys/mutex.h"
#include "aggregator/peers/peer_source.h"

namespace listenq::fakes {

// What it says, shared with the test. Safe to use from every thread.
class FakeWords {
 public:
  void Say(absl::StatusOr<aggregator::PeerList> words) {
    const sys::MutexLock lock(mutex_);
    words_ = std::move(words);
  }
  // From here on readers wait, until Release.
  void Hold() {
    const sys::MutexLock lock(mutex_);
    held_ = true;
  }
  void Release() {
    const sys::MutexLock lock(mutex_);
    held_ = false;
    released_.notify_all();
  }
  absl::StatusOr<aggregator::PeerList> Hear() {
    sys::MutexLock lock(mutex_);
    while (held_) lock.Wait(released_);
    return words_;
  }

 private:
  sys::Mutex mutex_;
  std::condition_variable released_;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  absl::StatusOr<aggregator::PeerList> words_ ABSL_GUARDED_BY(mutex_) = aggregator::PeerList();
};

class FakeSource final : public aggregator::PeerSource {
 public:
  explicit FakeSource(std::shared_ptr<FakeWords> words) : words_(std::move(words)) {}

  absl::StatusOr<aggregator::PeerList> Read() override { return words_->Hear(); }
  absl::Duration NextPause() override { return absl::Milliseconds(10); }
  [[nodiscard]] bool asks_others() const override { return true; }

 private:
  const std::shared_ptr<FakeWords> words_;
};

}  // namespace listenq::fakes

#endif  // LISTENQ_TESTS_FAKES_FAKE_SOURCE_H_
