#include "agent/self_cost.h"

#include <sys/resource.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "agent/sys/file.h"

namespace listenq::agent {
namespace {

constexpr absl::Duration kWindow = absl::Minutes(1);

absl::Duration CpuTime() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
}

// "VmRSS:	   12345 kB".
std::optional<uint64_t> StatusBytes(absl::string_view status, absl::string_view name) {
  for (absl::string_view line : absl::StrSplit(status, '\n')) {
    if (!absl::ConsumePrefix(&line, name)) continue;
    const std::vector<absl::string_view> words =
        absl::StrSplit(line, absl::ByAnyChar(": \t"), absl::SkipWhitespace());
    uint64_t kibibytes = 0;
    if (words.empty() || !absl::SimpleAtoi(words[0], &kibibytes)) return std::nullopt;
    return kibibytes * 1024;
  }
  return std::nullopt;
}

}  // namespace

model::SelfCost SelfCostMeter::Read(absl::Time now) {
  model::SelfCost cost;
  cost.cpu_time = CpuTime();
  if (!cpu_times_.empty() && now > cpu_times_.front().first) {
    cost.cpu_percent =
        100 * absl::FDivDuration(cost.cpu_time - cpu_times_.front().second, now - cpu_times_.front().first);
  }
  cpu_times_.emplace_back(now, cost.cpu_time);
  while (now - cpu_times_.front().first > kWindow) cpu_times_.pop_front();
  if (const auto status = sys::ReadFile("/proc/self/status"); status.ok()) {
    cost.rss_bytes = StatusBytes(*status, "VmRSS");
    cost.rss_anon_bytes = StatusBytes(*status, "RssAnon");
  }
  if (const auto fds = sys::ListFolder("/proc/self/fd"); fds.ok()) {
    cost.open_fds = static_cast<uint32_t>(fds->size()) - 1;  // without the one that lists
  }
  if (const size_t limit = DescriptorLimit(); limit > 0) cost.fd_limit = static_cast<uint32_t>(limit);
  return cost;
}

size_t DescriptorLimit() {
  rlimit limit = {};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

void RaiseDescriptorLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace listenq::agent
