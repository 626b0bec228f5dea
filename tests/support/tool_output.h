// What the system's own tools say inside a namespace: the second opinion that tests compare with.
#ifndef LISTENQ_TESTS_SUPPORT_TOOL_OUTPUT_H_
#define LISTENQ_TESTS_SUPPORT_TOOL_OUTPUT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/support/test_netns.h"

namespace listenq::test {

// One line of ss.
struct SsListener {
  // "*" is a dual-stack wildcard; IPv6 without brackets.
  std::string address;
  uint16_t port = 0;
  std::string device;
  uint32_t queue = 0;
  uint32_t limit = 0;
  uint32_t drops = 0;
  uint64_t inode = 0;
  uint64_t cookie = 0;
  // Absent on IPv4.
  std::optional<bool> v6_only;
  bool operator==(const SsListener&) const = default;
};

// The output of `ss -lntmeHO`. InvalidArgument names the line that is not understood.
absl::StatusOr<std::vector<SsListener>> ParseSs(absl::string_view output);
// The output of `nstat -asz`: "TcpExtListenDrops" → value. InvalidArgument as above.
absl::StatusOr<std::map<std::string, uint64_t>> ParseNstat(absl::string_view output);

// The same, run inside. They die when the tool fails.
[[nodiscard]] std::vector<SsListener> RunSs(const NetnsRunner& netns);
[[nodiscard]] std::map<std::string, uint64_t> RunNstat(const NetnsRunner& netns);
// `sysctl -n NAME` without the newline, tabs as they are.
[[nodiscard]] std::string RunSysctl(const NetnsRunner& netns, absl::string_view name);

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_SUPPORT_TOOL_OUTPUT_H_
