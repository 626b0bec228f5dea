// Network namespaces of a test's own, and code that runs inside them.
#ifndef LISTENQ_TESTS_SUPPORT_TEST_NETNS_H_
#define LISTENQ_TESTS_SUPPORT_TEST_NETNS_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace listenq::test {

// Ends the program with `message`: for what a test can't go on without. Namespaces are removed all the same.
[[noreturn]] void Die(const std::string& message);

// Runs `function` on a fresh thread inside the namespace behind `netns_path` and waits for it. Dies when the
// namespace can't be entered. Sockets made there stay there; threads started there live there.
void RunInNetns(const std::string& netns_path, const std::function<void()>& function);

// What both kinds of namespaces can do.
class NetnsRunner {
 public:
  virtual ~NetnsRunner() = default;
  // The namespace file: a bind mount below /run/netns, or /proc/PID/ns/net.
  [[nodiscard]] virtual std::string path() const = 0;
  [[nodiscard]] uint64_t inode() const;

  // As RunInNetns; returns what `function` returns.
  template <typename Function>
  auto Run(Function&& function) const -> std::invoke_result_t<Function&> {
    using Result = std::invoke_result_t<Function&>;
    if constexpr (std::is_void_v<Result>) {
      RunInNetns(path(), [&] { function(); });
    } else {
      std::optional<Result> result;
      RunInNetns(path(), [&] { result.emplace(function()); });
      return *std::move(result);
    }
  }

  // The standard output of `command`, run by sh inside the namespace. Dies when it fails.
  [[nodiscard]] std::string Exec(const std::string& command) const;
  // "net.ipv4.tcp_syncookies". NotFound where the namespace has no such sysctl, InvalidArgument where the
  // kernel refuses the value.
  [[nodiscard]] absl::Status SetSysctl(absl::string_view name, absl::string_view value) const;
};

// A new namespace, pinned as "/run/netns/lqt-PID-N" the way `ip netns add` does it, loopback up.
//
// Failure: the constructor dies. The destructor removes the pin; if the program ends without destructors
// (crash, timeout), a process that watches it does.
class TestNetns final : public NetnsRunner {
 public:
  TestNetns();
  ~TestNetns() override;
  TestNetns(const TestNetns&) = delete;
  TestNetns& operator=(const TestNetns&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::string path() const override;

 private:
  std::string name_;
};

// A new namespace, loopback up, that lives only as long as a child process does: no pin.
//
// Failure: the constructor dies. The child ends with this object, or with the program.
class UnpinnedNetns final : public NetnsRunner {
 public:
  // `in_child` runs in the child, inside the namespace, before the constructor returns; what it opens stays
  // open there. The child is forked: it may not need the parent's other threads.
  explicit UnpinnedNetns(const std::function<void()>& in_child = {});
  ~UnpinnedNetns() override { Kill(); }
  UnpinnedNetns(const UnpinnedNetns&) = delete;
  UnpinnedNetns& operator=(const UnpinnedNetns&) = delete;

  // 0 after Kill().
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string path() const override;
  // Ends the child and waits for its end: the namespace has no process any more.
  void Kill();

 private:
  pid_t pid_ = 0;
};

// Joins two namespaces by a veth pair whose ends are both named kVethName and up. Addresses carry a prefix
// length ("10.77.0.1/24", "fd77::1/64").
inline constexpr char kVethName[] = "lqt-veth";
void ConnectByVeth(const TestNetns& a, absl::string_view address_a, const TestNetns& b,
                   absl::string_view address_b);

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_SUPPORT_TEST_NETNS_H_
