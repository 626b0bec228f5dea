// std::mutex with clang's thread-safety annotations. Not absl::Mutex: Debian's abseil is built without
// ThreadSanitizer's hooks, which then reports correct uses of it as races.
#ifndef LISTENQ_AGENT_SYS_MUTEX_H_
#define LISTENQ_AGENT_SYS_MUTEX_H_

#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"

namespace listenq::sys {

class ABSL_LOCKABLE Mutex {
 public:
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  friend class MutexLock;
  std::mutex mutex_;
};

// Holds a Mutex for a scope, and can wait for a condition there.
class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : lock_(mutex.mutex_) {}
  ~MutexLock() ABSL_UNLOCK_FUNCTION() {}
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  // Until the next notification (or a spurious one): call it in a loop over the condition.
  void Wait(std::condition_variable& condition) { condition.wait(lock_); }
  // False when `timeout` passed.
  template <typename Rep, typename Period>
  bool WaitFor(std::condition_variable& condition, std::chrono::duration<Rep, Period> timeout) {
    return condition.wait_for(lock_, timeout) == std::cv_status::no_timeout;
  }

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace listenq::sys

#endif  // LISTENQ_AGENT_SYS_MUTEX_H_
