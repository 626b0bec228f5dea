// Running code with less than root has: without sock_diag, or with few capabilities.
#ifndef LISTENQ_TESTS_SUPPORT_CONFINE_H_
#define LISTENQ_TESTS_SUPPORT_CONFINE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace listenq::test {

// From now on, socket(AF_NETLINK, …, NETLINK_SOCK_DIAG) fails with EPROTONOSUPPORT in this thread, as on a
// kernel without the module, and in all threads and programs that it starts. Can't be undone.
[[nodiscard]] absl::Status DenySockDiag();

// Runs `function` on a fresh thread after DenySockDiag(); threads that it starts are denied too. Dies when
// the filter can't be installed.
void RunWithoutSockDiag(const std::function<void()>& function);

// Runs `function` on a fresh thread whose effective and permitted capabilities (and those of the threads it
// starts) are `capabilities` (CAP_SYS_ADMIN, …) only. User and group ids stay.
void RunWithCapabilities(const std::vector<int>& capabilities, const std::function<void()>& function);

// A shell command that runs `command` as a program with only these capabilities ("sys_admin"), still as uid
// 0, by setpriv: neither it nor its children can get others.
std::string WithCapabilities(const std::vector<std::string>& capabilities, absl::string_view command);

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_SUPPORT_CONFINE_H_
