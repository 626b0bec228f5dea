// Log lines of the programs: to stderr, one line each, "2026-01-02T03:04:05.678Z warning text".
#ifndef LISTENQ_BASE_LOGGING_H_
#define LISTENQ_BASE_LOGGING_H_

#include <spdlog/spdlog.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "agent/sys/mutex.h"

namespace listenq::base {

// Makes spdlog's default logger ours; what gRPC itself says goes there too, as debug. `level` is debug, info,
// warning or error; else InvalidArgument.
absl::Status SetUpLogging(absl::string_view level);

// TLS handshakes that failed since SetUpLogging, of connections from and to us: gRPC says it in its log
// alone, without the other side's address.
struct Handshakes {
  // One side did not accept the other's certificate, or missed it.
  uint64_t certificate_refused = 0;
  // No TLS was spoken (an HTTP request), or none that both know.
  uint64_t other = 0;
};
Handshakes FailedHandshakes();

// Lets a line that repeats through once an interval; of one key, each text by itself.
class LogLimiter {
 public:
  // Beyond so many different keys within an interval the rest share one, and so do a key's texts: what others
  // say makes neither the log nor the memory grow.
  static constexpr size_t kMaxKeys = 256;
  static constexpr size_t kMaxTexts = 8;

  explicit LogLimiter(absl::Duration interval) : interval_(interval) {}
  // How many such lines were held back since the last one, when this one may be written; absent when it is
  // held back too. Safe to call from every thread.
  std::optional<uint64_t> Admit(absl::string_view key, absl::string_view text, absl::Time now);

 private:
  struct Line {
    absl::Time last = absl::InfinitePast();
    uint64_t held_back = 0;
  };
  // By their texts' hashes.
  using Lines = absl::flat_hash_map<size_t, Line>;

  [[nodiscard]] bool IsOld(const Line& line, absl::Time now) const { return now >= line.last + interval_; }
  void MakeRoomForKey(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const absl::Duration interval_;
  sys::Mutex mutex_;
  absl::flat_hash_map<std::string, Lines> keys_ ABSL_GUARDED_BY(mutex_);
};

// Writes `text` at most once a minute, with the number of times it was held back; at most
// LogLimiter::kMaxTexts different ones of a `key`, then one for the rest. Control characters in `text` are
// escaped: it may quote a container's words.
void LogLimited(spdlog::level::level_enum level, absl::string_view key, absl::string_view text);

// `text` with its control characters and backslashes escaped: one line, whoever wrote it.
std::string OneLine(absl::string_view text);

}  // namespace listenq::base

#endif  // LISTENQ_BASE_LOGGING_H_
