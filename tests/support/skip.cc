#include "tests/support/skip.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace listenq::test {

std::string WhyNotRoot() {
  if (geteuid() != 0) return "needs root: it makes network namespaces";
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) return "can't read this process's capabilities";
  const auto has = [&](int capability) { return (data[0].effective >> capability & 1U) != 0; };
  if (!has(CAP_SYS_ADMIN)) return "needs CAP_SYS_ADMIN: it makes and enters network namespaces";
  if (!has(CAP_NET_ADMIN) || !has(CAP_NET_RAW)) return "needs CAP_NET_ADMIN and CAP_NET_RAW";
  return "";
}

std::string WhyNoTool(absl::string_view name) {
  const char* path = getenv("PATH");
  for (const absl::string_view folder : absl::StrSplit(path == nullptr ? "" : path, ':')) {
    if (access(absl::StrCat(folder, "/", name).c_str(), X_OK) == 0) return "";
  }
  return absl::StrCat("needs the program ", name, ": not found in PATH");
}

}  // namespace listenq::test
