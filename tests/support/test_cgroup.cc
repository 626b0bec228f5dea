#include "tests/support/test_cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "agent/sys/file.h"
#include "agent/sys/unique_fd.h"
#include "tests/support/test_netns.h"
#include "tests/support/wait.h"

namespace listenq::test {
namespace {

constexpr char kRoot[] = "/sys/fs/cgroup";

bool Exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace

TestCgroup::TestCgroup(const std::string& controller) {
  const std::string v1 = absl::StrCat(kRoot, "/", controller);
  const auto enabled = sys::ReadFile(absl::StrCat(kRoot, "/cgroup.subtree_control"));
  v2_ = enabled.ok() && absl::StrContains(*enabled, controller);
  if (!v2_ && !Exists(absl::StrCat(v1, "/cgroup.procs"))) {
    why_ = absl::StrCat("no cgroup hierarchy with ", controller, " below ", kRoot);
    return;
  }
  folder_ = absl::StrCat(v2_ ? kRoot : v1, path());
  if (::mkdir(folder_.c_str(), 0755) != 0) Die(absl::StrCat("make ", folder_, ": ", strerror(errno)));
}

TestCgroup::~TestCgroup() {
  if (folder_.empty()) return;
  // A process that was killed leaves a moment later.
  if (!WaitUntil([&] { return ::rmdir(folder_.c_str()) == 0; })) {
    Die(absl::StrCat("remove ", folder_, ": ", strerror(errno)));
  }
}

std::string TestCgroup::path() const { return absl::StrCat("/lqt-", ::getpid()); }

void TestCgroup::Write(absl::string_view file, absl::string_view content) const {
  const std::string path = absl::StrCat(folder_, "/", file);
  const sys::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (::write(fd.get(), content.data(), content.size()) < 0) {
    Die(absl::StrCat("write ", path, ": ", strerror(errno)));
  }
}

void TestCgroup::Enter() const { Write("cgroup.procs", "0"); }

}  // namespace listenq::test
