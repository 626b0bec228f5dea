#include "tests/agent/discover/fake_proc.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"

namespace listenq::test {
namespace {

void Check(bool fine, absl::string_view what) {
  if (fine) return;
  std::perror(std::string(what).c_str());
  std::abort();
}

}  // namespace

void FakeProc::MakeFolder(absl::string_view name) { std::filesystem::create_directories(folder_.Path(name)); }

void FakeProc::WriteFile(absl::string_view name, absl::string_view content) { folder_.Write(name, content); }

void FakeProc::Link(absl::string_view name, absl::string_view text) {
  std::filesystem::create_directories(std::filesystem::path(folder_.Path(name)).parent_path());
  ::unlink(folder_.Path(name).c_str());
  Check(::symlink(std::string(text).c_str(), folder_.Path(name).c_str()) == 0, folder_.Path(name));
}

void FakeProc::Set(const Process& process) {
  const std::string pid = absl::StrCat(process.pid);
  const uint64_t flags = process.kernel_thread ? 0x208040 : 0x400000;
  WriteFile(pid + "/stat", absl::StrCat(pid, " (", process.comm, ") S 1 1 1 0 -1 ", flags, " 0 0 0\n"));
  WriteFile(pid + "/comm", process.comm + "\n");
  WriteFile(pid + "/cgroup", process.cgroup);
  MakeFolder(pid + "/fd");
  if (process.netns == 0) {
    ::unlink(folder_.Path(pid + "/ns/net").c_str());
  } else {
    Link(pid + "/ns/net", absl::StrCat("net:[", process.netns, "]"));
  }
}

void FakeProc::Remove(uint32_t pid) { std::filesystem::remove_all(folder_.Path(absl::StrCat(pid))); }

void FakeProc::Reuse(const Process& process) {
  // Kept under another name, or the file system might give its inode to the new one.
  const std::string pid = absl::StrCat(process.pid);
  std::filesystem::rename(folder_.Path(pid), folder_.Path("was-" + pid));
  Set(process);
}

void FakeProc::SetFd(uint32_t pid, int fd, absl::string_view text) {
  Link(absl::StrCat(pid, "/fd/", fd), text);
}

}  // namespace listenq::test
