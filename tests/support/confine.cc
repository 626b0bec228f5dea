#include "tests/support/confine.h"

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <thread>

#include "absl/strings/str_cat.h"
#include "agent/sys/status.h"
#include "tests/support/test_netns.h"

namespace listenq::test {
namespace {

// The low half of an argument; both architectures that we build for are little-endian.
constexpr uint32_t ArgumentOffset(size_t index) {
  return static_cast<uint32_t>(offsetof(seccomp_data, args) + index * sizeof(uint64_t));
}

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define UNLESS_EQUAL_SKIP(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (count))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))

}  // namespace

absl::Status DenySockDiag() {
  std::array filter{sock_filter LOAD(offsetof(seccomp_data, nr)),
                    sock_filter UNLESS_EQUAL_SKIP(SYS_socket, 5),
                    sock_filter LOAD(ArgumentOffset(0)),
                    sock_filter UNLESS_EQUAL_SKIP(AF_NETLINK, 3),
                    sock_filter LOAD(ArgumentOffset(2)),
                    sock_filter UNLESS_EQUAL_SKIP(NETLINK_SOCK_DIAG, 1),
                    sock_filter RETURN(SECCOMP_RET_ERRNO | EPROTONOSUPPORT),
                    sock_filter RETURN(SECCOMP_RET_ALLOW)};
  const sock_fprog program{.len = filter.size(), .filter = filter.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    return sys::ErrnoStatus(errno, "install seccomp filter");
  }
  return absl::OkStatus();
}

void RunWithoutSockDiag(const std::function<void()>& function) {
  std::thread([&] {
    if (const absl::Status status = DenySockDiag(); !status.ok()) Die(std::string(status.message()));
    function();
  }).join();
}

void RunWithCapabilities(const std::vector<int>& capabilities, const std::function<void()>& function) {
  std::thread([&] {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
    for (const int capability : capabilities) {
      auto& word = data.at(static_cast<size_t>(CAP_TO_INDEX(capability)));
      word.effective |= CAP_TO_MASK(capability);
      word.permitted |= CAP_TO_MASK(capability);
    }
    // glibc has no wrapper; the system call is about the calling thread only.
    if (syscall(SYS_capset, &header, data.data()) != 0)
      Die(absl::StrCat("drop capabilities: ", strerror(errno)));
    function();
  }).join();
}

std::string WithCapabilities(const std::vector<std::string>& capabilities, absl::string_view command) {
  // For uid 0, exec gives what the bounding set has.
  std::string bounding = "-all";
  for (const std::string& capability : capabilities) absl::StrAppend(&bounding, ",+", capability);
  return absl::StrCat("setpriv --inh-caps=-all --ambient-caps=-all --bounding-set=", bounding, " ", command);
}

}  // namespace listenq::test
