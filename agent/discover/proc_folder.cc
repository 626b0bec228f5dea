#include "agent/discover/proc_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace listenq::discover {
namespace {

using absl::string_view;

// PF_KTHREAD of include/linux/sched.h; field 9 of /proc/PID/stat.
constexpr uint64_t kKernelThreadFlag = 0x00200000;

std::optional<uint64_t> ParseDecimal(string_view text) {
  uint64_t value = 0;
  if (text.empty() || text.size() > 19) return std::nullopt;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  return value;
}

void AppendNumericEntries(const char* buffer, size_t size, std::vector<NumericEntry>* entries) {
  for (size_t at = 0; at < size;) {
    const auto* entry = reinterpret_cast<const struct dirent64*>(buffer + at);
    at += entry->d_reclen;
    const std::optional<uint64_t> number = ParseDecimal(entry->d_name);
    if (!number.has_value() || *number > UINT32_MAX) continue;
    entries->push_back({.number = static_cast<uint32_t>(*number), .inode = entry->d_ino});
  }
}

bool ByNumber(const NumericEntry& a, const NumericEntry& b) { return a.number < b.number; }

}  // namespace

int OpenFolder(int base_fd, const char* name, sys::UniqueFd* folder) {
  folder->reset(::openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder->valid() ? 0 : errno;
}

int ListNumericEntries(int folder_fd, std::vector<NumericEntry>* entries) {
  entries->clear();
  alignas(struct dirent64) std::array<char, 32768> buffer;
  for (;;) {
    const ssize_t size = ::getdents64(folder_fd, buffer.data(), buffer.size());
    if (size < 0) return errno;
    if (size == 0) break;
    AppendNumericEntries(buffer.data(), static_cast<size_t>(size), entries);
  }
  // procfs lists ascending already.
  if (!std::is_sorted(entries->begin(), entries->end(), ByNumber)) {
    std::sort(entries->begin(), entries->end(), ByNumber);
  }
  return 0;
}

int CountNumericEntries(int folder_fd, size_t max, size_t* count) {
  *count = 0;
  alignas(struct dirent64) std::array<char, 32768> buffer;
  std::vector<NumericEntry> entries;
  for (;;) {
    const ssize_t size = ::getdents64(folder_fd, buffer.data(), buffer.size());
    if (size < 0) return errno;
    if (size == 0) return 0;
    entries.clear();
    AppendNumericEntries(buffer.data(), static_cast<size_t>(size), &entries);
    *count += entries.size();
    if (*count > max) return E2BIG;
  }
}

int ReadBracketedLink(int folder_fd, const char* name, string_view kind, uint64_t* number) {
  *number = 0;
  std::array<char, 64> buffer;
  const ssize_t size = ::readlinkat(folder_fd, name, buffer.data(), buffer.size());
  if (size < 0) return errno;
  string_view text(buffer.data(), static_cast<size_t>(size));
  if (!absl::ConsumePrefix(&text, kind) || !absl::ConsumePrefix(&text, ":[")) return 0;
  if (absl::ConsumeSuffix(&text, "]")) *number = ParseDecimal(text).value_or(0);
  return 0;
}

int ReadAtMost(int folder_fd, const char* name, size_t max_bytes, std::string* content) {
  content->clear();
  sys::UniqueFd fd(::openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return errno;
  std::array<char, 4096> buffer;
  while (content->size() < max_bytes) {
    const size_t room = std::min(buffer.size(), max_bytes - content->size());
    const ssize_t size = ::read(fd.get(), buffer.data(), room);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno;
    if (size == 0) break;
    content->append(buffer.data(), static_cast<size_t>(size));
  }
  return 0;
}

std::string CommOf(string_view comm_file) {
  absl::ConsumeSuffix(&comm_file, "\n");
  return std::string(comm_file.substr(0, kMaxCommBytes));
}

bool ParseProcessStat(string_view stat, ProcessStat* result) {
  // A comm may have any bytes, parentheses too, but what follows the last one is the kernel's.
  const size_t open = stat.find('(');
  const size_t close = stat.rfind(')');
  if (open == string_view::npos || close == string_view::npos || close < open) return false;
  result->comm = stat.substr(open + 1, close - open - 1).substr(0, kMaxCommBytes);
  // state ppid pgrp session tty_nr tpgid flags
  constexpr size_t kFlags = 6;
  size_t index = 0;
  for (string_view field : absl::StrSplit(stat.substr(close + 1), ' ', absl::SkipEmpty())) {
    if (index == 0) result->state = field.front();
    if (index++ != kFlags) continue;
    const std::optional<uint64_t> flags = ParseDecimal(field);
    result->kernel_thread = flags.has_value() && (*flags & kKernelThreadFlag) != 0;
    return flags.has_value();
  }
  return false;
}

bool ParseEffectiveCapabilities(string_view status, uint64_t* capabilities) {
  for (string_view line : absl::StrSplit(status, '\n')) {
    if (!absl::ConsumePrefix(&line, "CapEff:")) continue;
    return absl::SimpleHexAtoi(line, capabilities);
  }
  return false;
}

}  // namespace listenq::discover
