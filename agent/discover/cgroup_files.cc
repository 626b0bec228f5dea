#include "agent/discover/cgroup_files.h"

#include <algorithm>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace listenq::discover {
namespace {

using absl::string_view;

// PAGE_COUNTER_MAX and LONG_MAX in pages or bytes: no limit.
constexpr uint64_t kNoLimit = uint64_t{1} << 62;

bool Names(string_view controllers, string_view controller) {
  const std::vector<string_view> names = absl::StrSplit(controllers, ',');
  return std::find(names.begin(), names.end(), controller) != names.end();
}

std::vector<string_view> Words(string_view line) {
  return absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
}

// "resource held maxheld barrier limit failcnt".
std::optional<model::Wall> ParseBeanCounter(string_view uid, const std::vector<string_view>& words) {
  constexpr size_t kHeld = 1;
  constexpr size_t kLimit = 4;
  constexpr size_t kFailures = 5;
  model::Wall wall;
  uint64_t held = 0;
  if (words.size() != kFailures + 1 || !absl::SimpleAtoi(words[kHeld], &held) ||
      !absl::SimpleAtoi(words[kLimit], &wall.limit) ||
      !absl::SimpleAtoi(words[kFailures], &wall.total.hits)) {
    return std::nullopt;
  }
  if (wall.limit >= kNoLimit && wall.total.hits == 0) return std::nullopt;
  wall.id = {.kind = model::WallId::Kind::kBeanCounter, .name = absl::StrCat(uid, " ", words[0])};
  wall.counter = "user_beancounters failcnt";
  wall.used = held;
  return wall;
}

}  // namespace

string_view UnifiedPath(string_view proc_pid_cgroup_file) {
  for (const string_view line : absl::StrSplit(proc_pid_cgroup_file, '\n')) {
    if (absl::StartsWith(line, "0::")) return line.substr(3);
  }
  return "";
}

bool IsOutside(string_view cgroup_path) {
  return cgroup_path == "/.." || absl::StartsWith(cgroup_path, "/../");
}

CgroupPlace FindCgroup(string_view proc_pid_cgroup_file, string_view controller) {
  CgroupPlace unified;
  for (const string_view line : absl::StrSplit(proc_pid_cgroup_file, '\n')) {
    // "N:controllers:path"; the path may have colons.
    const std::vector<string_view> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3 || !absl::StartsWith(parts[2], "/")) continue;
    if (parts[1].empty()) unified.path = std::string(parts[2]);
    if (Names(parts[1], controller)) return {std::string(parts[1]), std::string(parts[2])};
  }
  return unified;
}

std::optional<uint64_t> FlatKey(string_view content, string_view key) {
  for (string_view line : absl::StrSplit(content, '\n')) {
    uint64_t value = 0;
    if (!absl::ConsumePrefix(&line, key) || !absl::StartsWith(line, " ")) continue;
    if (absl::SimpleAtoi(line, &value)) return value;
  }
  return std::nullopt;
}

std::optional<uint64_t> LimitIn(string_view content) {
  uint64_t value = 0;
  if (!absl::SimpleAtoi(content, &value) || value >= kNoLimit) return std::nullopt;
  return value;
}

std::optional<uint64_t> MilliCpus(string_view cpu_max) {
  const std::vector<string_view> words = Words(absl::StripSuffix(cpu_max, "\n"));
  uint64_t quota = 0;
  uint64_t period = 0;
  if (words.size() != 2 || !absl::SimpleAtoi(words[0], &quota) || !absl::SimpleAtoi(words[1], &period)) {
    return std::nullopt;
  }
  if (period == 0 || quota > kNoLimit / 1000) return std::nullopt;
  return quota * 1000 / period;
}

std::optional<uint64_t> OpenFilesLimit(string_view limits) {
  for (string_view line : absl::StrSplit(limits, '\n')) {
    if (!absl::ConsumePrefix(&line, "Max open files")) continue;
    const std::vector<string_view> words = Words(line);
    uint64_t value = 0;
    if (words.empty()) return std::nullopt;
    if (words[0] == "unlimited") return std::numeric_limits<uint64_t>::max();
    if (absl::SimpleAtoi(words[0], &value)) return value;
  }
  return std::nullopt;
}

std::vector<model::Wall> ParseBeanCounters(string_view content) {
  std::vector<model::Wall> walls;
  string_view uid;
  for (const string_view line : absl::StrSplit(content, '\n')) {
    std::vector<string_view> words = Words(line);
    if (words.empty()) continue;
    // The first line of a container begins with "101:".
    if (absl::EndsWith(words[0], ":")) {
      uid = absl::StripSuffix(words[0], ":");
      words.erase(words.begin());
    }
    if (uid.empty() || walls.size() == kMaxBeanCounters) continue;
    if (std::optional<model::Wall> wall = ParseBeanCounter(uid, words)) walls.push_back(*std::move(wall));
  }
  return walls;
}

}  // namespace listenq::discover
