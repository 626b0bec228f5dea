#include "tests/bench/meter.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "agent/sys/file.h"
#include "tests/support/test_netns.h"

namespace listenq::bench {
namespace {

constexpr char kEnterId[] = "/sys/kernel/tracing/events/raw_syscalls/sys_enter/id";

double ReadClock(clockid_t clock) {
  timespec time = {};
  if (clock_gettime(clock, &time) != 0) test::Die("read CPU clock");
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

std::string MustRead(const std::string& path) {
  auto text = sys::ReadFile(path);
  if (!text.ok()) test::Die(std::string(text.status().message()));
  return *std::move(text);
}

}  // namespace

double CpuMicros() { return ReadClock(CLOCK_PROCESS_CPUTIME_ID); }

std::optional<double> CpuMicrosOf(pid_t pid) {
  clockid_t clock = {};
  if (clock_getcpuclockid(pid, &clock) != 0) return std::nullopt;
  return ReadClock(clock);
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::optional<uint64_t> StatusKiB(pid_t pid, absl::string_view field) {
  const auto text = sys::ReadFile(absl::StrCat("/proc/", pid, "/status"));
  if (!text.ok()) return std::nullopt;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    if (!absl::ConsumePrefix(&line, field) || !absl::ConsumePrefix(&line, ":")) continue;
    const std::vector<absl::string_view> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipWhitespace());
    uint64_t kib = 0;
    if (!words.empty() && absl::SimpleAtoi(words[0], &kib)) return kib;
  }
  return std::nullopt;
}

size_t CountDescriptors() {
  const auto names = sys::ListFolder("/proc/self/fd");
  if (!names.ok()) test::Die(std::string(names.status().message()));
  return names->size() - 1;  // without the one that lists
}

uint64_t CountDentries() {
  const std::string text = MustRead("/proc/sys/fs/dentry-state");
  uint64_t count = 0;
  if (!absl::SimpleAtoi(text.substr(0, text.find('\t')), &count)) test::Die("read dentry-state: no number");
  return count;
}

SyscallCounter::SyscallCounter() {
  const auto id = sys::ReadFile(kEnterId);
  perf_event_attr attributes = {};
  attributes.type = PERF_TYPE_TRACEPOINT;
  attributes.size = sizeof(attributes);
  attributes.inherit = 1;
  uint64_t number = 0;
  if (!id.ok() || !absl::SimpleAtoi(absl::StripSuffix(*id, "\n"), &number)) {
    why_not_ = absl::StrCat("this kernel has no ", kEnterId);
    return;
  }
  attributes.config = number;
  fd_.reset(static_cast<int>(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC)));
  if (!fd_.valid()) why_not_ = absl::StrCat("open perf event: ", strerror(errno));
}

uint64_t SyscallCounter::Count() const {
  uint64_t count = 0;
  if (!fd_.valid() || read(fd_.get(), &count, sizeof(count)) != sizeof(count)) return 0;
  return count;
}

}  // namespace listenq::bench
