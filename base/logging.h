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

// How many TLS handshakes failed since SetUpLogging, of connections from and to us: gRPC says it in its log
// alone, without the other side's address.
uint64_t FailedHandshakes();

// Lets a line that repeats through once an interval. Safe to call from every thread.
class LogLimiter {
 public:
  // Beyond so many different keys the rest share one.
  static constexpr size_t kMaxKeys = 256;

  explicit LogLimiter(absl::Duration interval) : interval_(interval) {}
  // How many lines of this key were held back since the last one, when this one may be written; absent when
  // it is held back too.
  std::optional<uint64_t> Admit(absl::string_view key, absl::Time now);

 private:
  struct Entry {
    absl::Time last = absl::InfinitePast();
    uint64_t held_back = 0;
  };

  const absl::Duration interval_;
  sys::Mutex mutex_;
  absl::flat_hash_map<std::string, Entry> entries_ ABSL_GUARDED_BY(mutex_);
};

// Writes `text` at most once a minute per `key`, with the number of lines held back. Control characters in
// `text` are escaped: it may quote a container's words.
void LogLimited(spdlog::level::level_enum level, absl::string_view key, absl::string_view text);

}  // namespace listenq::base

#endif  // LISTENQ_BASE_LOGGING_H_
