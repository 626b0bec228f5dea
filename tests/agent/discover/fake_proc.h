// A folder that looks like /proc.
#ifndef LISTENQ_TESTS_AGENT_DISCOVER_FAKE_PROC_H_
#define LISTENQ_TESTS_AGENT_DISCOVER_FAKE_PROC_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/support/temp_folder.h"

namespace listenq::test {

// Writes and links die on errors.
class FakeProc {
 public:
  struct Process {
    uint32_t pid = 0;
    uint64_t netns = 0;  // 0: no link, as a zombie
    std::string comm = "app";
    std::string cgroup = "0::/\n";
    bool kernel_thread = false;
  };

  [[nodiscard]] const std::string& path() const { return folder_.path(); }
  // Adds it, or gives an existing one new content.
  void Set(const Process& process);
  void Remove(uint32_t pid);
  // Another process under the same PID: its folder has another inode.
  void Reuse(const Process& process);
  // /proc/PID/fd/FD -> text.
  void SetFd(uint32_t pid, int fd, absl::string_view text);
  void MakeFolder(absl::string_view name);
  void WriteFile(absl::string_view name, absl::string_view content);
  void Link(absl::string_view name, absl::string_view text);

 private:
  TempFolder folder_;
};

}  // namespace listenq::test

#endif  // LISTENQ_TESTS_AGENT_DISCOVER_FAKE_PROC_H_
