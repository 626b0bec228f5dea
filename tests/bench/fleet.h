// Many namespaces with listeners in them, each held by a process that lives there.
#ifndef LISTENQ_TESTS_BENCH_FLEET_H_
#define LISTENQ_TESTS_BENCH_FLEET_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "agent/sys/unique_fd.h"
#include "tests/support/test_netns.h"

namespace listenq::bench {

// A process inside `netns`; it runs `life` and never comes back.
//
// Threading: the thread that makes it outlives it: when that thread ends, the process is killed.
// Failure: dies.
class Resident {
 public:
  // `life` gets the process' end of a socket pair; all its other descriptors but 0, 1 and 2 are closed.
  Resident(const test::NetnsRunner& netns, const std::function<void(int control)>& life);
  ~Resident();
  Resident(const Resident&) = delete;
  Resident& operator=(const Resident&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void Send(char order, uint32_t number) const;
  // Waits until the process answers.
  void Await() const;

 private:
  pid_t pid_ = 0;
  sys::UniqueFd control_;
};

// A pinned namespace and the process that listens in it: half of the sockets IPv4, half dual-stack.
class Member {
 public:
  Member();
  [[nodiscard]] const test::TestNetns& netns() const { return netns_; }
  [[nodiscard]] pid_t pid() const { return resident_.pid(); }

  // Two steps, so that many can be at it at once.
  void StartListening(uint32_t count) { resident_.Send('L', count); }
  void AwaitListening() { resident_.Await(); }
  // Makes the first listener refuse `count` connection attempts.
  void Overflow(uint32_t count);

 private:
  test::TestNetns netns_;
  Resident resident_;
};

class Fleet {
 public:
  // New members are there at the end; they have no listeners yet.
  void Grow(size_t members);
  void SetListeners(uint32_t each);
  void RemoveOldest() { members_.pop_front(); }

  [[nodiscard]] const std::deque<std::unique_ptr<Member>>& members() const { return members_; }
  [[nodiscard]] uint32_t listeners_each() const { return listeners_each_; }

 private:
  std::deque<std::unique_ptr<Member>> members_;
  uint32_t listeners_each_ = 0;
};

// A namespace that always has at least `count` TIME_WAIT sockets (at most about 150,000), from construction
// to destruction. A process in it spends a few percent of a core on that.
class TimeWaitStock {
 public:
  explicit TimeWaitStock(uint32_t count);

 private:
  test::TestNetns netns_;
  Resident resident_;
};

}  // namespace listenq::bench

#endif  // LISTENQ_TESTS_BENCH_FLEET_H_
