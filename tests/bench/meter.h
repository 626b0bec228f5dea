// What is measured, and how.
#ifndef LISTENQ_TESTS_BENCH_METER_H_
#define LISTENQ_TESTS_BENCH_METER_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "agent/sys/unique_fd.h"

namespace listenq::bench {

// CPU time of all threads of this process, user and system, in microseconds.
double CpuMicros();
// The same of another process; absent when it is gone.
std::optional<double> CpuMicrosOf(pid_t pid);

// 0 for none.
double Median(std::vector<double> values);

// A field of /proc/PID/status in KiB ("VmRSS", "RssAnon"); absent when it is not there.
std::optional<uint64_t> StatusKiB(pid_t pid, absl::string_view field);
// Open descriptors of this process.
size_t CountDescriptors();
// Names that the whole machine's kernel keeps: nr_dentry of /proc/sys/fs/dentry-state.
uint64_t CountDentries();

// Counts the system calls of the calling thread, and of the threads that it starts from now on. While one
// exists, all of them are slower: not while time is measured.
class SyscallCounter {
 public:
  SyscallCounter();
  // "" when it works, else why not.
  [[nodiscard]] const std::string& why_not() const { return why_not_; }
  // Since the construction.
  [[nodiscard]] uint64_t Count() const;

 private:
  sys::UniqueFd fd_;
  std::string why_not_;
};

}  // namespace listenq::bench

#endif  // LISTENQ_TESTS_BENCH_METER_H_
