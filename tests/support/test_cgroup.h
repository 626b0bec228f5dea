// A cgroup of a test's own.
#ifndef LISTENQ_TESTS_SUPPORT_TEST_CGROUP_H_
#define LISTENQ_TESTS_SUPPORT_TEST_CGROUP_H_

#include <sys/types.h>

#include <string>

#include "absl/strings/string_view.h"

namespace listenq::test {

// "lqt-PID" below the root of the hierarchy that has `controller`, removed with this object: end its
// processes first. Where there is no such hierarchy, why() says so, and nothing else may be called. Other
// failures die.
class TestCgroup {
 public:
  explicit TestCgroup(const std::string& controller);
  ~TestCgroup();
  TestCgroup(const TestCgroup&) = delete;
  TestCgroup& operator=(const TestCgroup&) = delete;

  // "" when it is there.
  [[nodiscard]] const std::string& why() const { return why_; }
  [[nodiscard]] bool v2() const { return v2_; }
  // As /proc/PID/cgroup has it: "/lqt-12".
  [[nodiscard]] std::string path() const;
  void Write(absl::string_view file, absl::string_view content) const;
  // The calling process moves in, with all its threads.
  void Enter() const;

 private:
  std::string folder_;
  std::string why_;
  bool v2_ = false;
};

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_SUPPORT_TEST_CGROUP_H_
