#include "base/logging.h"

#include <grpc/support/log.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"

namespace listenq::base {
namespace {

std::optional<spdlog::level::level_enum> ParseLevel(absl::string_view level) {
  if (level == "debug") return spdlog::level::debug;
  if (level == "info") return spdlog::level::info;
  if (level == "warning") return spdlog::level::warn;
  if (level == "error") return spdlog::level::err;
  return std::nullopt;
}

std::atomic<uint64_t> failed_handshakes = 0;

// "Handshake failed with fatal error SSL_ERROR_SSL: error:0A000086:SSL routines::certificate verify failed."
void NoteFailedHandshake(absl::string_view message) {
  if (!absl::ConsumePrefix(&message, "Handshake failed")) return;
  ++failed_handshakes;
  if (const size_t cause = message.rfind("::"); cause != absl::string_view::npos) {
    message.remove_prefix(cause + 2);
  }
  LogLimited(spdlog::level::warn, absl::StrCat("handshake ", message),
             absl::StrCat("a TLS handshake failed: ", message));
}

// Our own errors say what failed, but for handshakes; gRPC's lines repeat that with its insides.
void LogFromGrpc(gpr_log_func_args* line) {
  NoteFailedHandshake(line->message);
  spdlog::debug("gRPC: {}", std::string(absl::Utf8SafeCEscape(line->message)));
}

}  // namespace

uint64_t FailedHandshakes() { return failed_handshakes.load(); }

absl::Status SetUpLogging(absl::string_view level) {
  const auto parsed = ParseLevel(level);
  if (!parsed.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("set log level \"", level, "\": it is one of debug, info, warning, error"));
  }
  auto logger = std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %l %v",
                                                                    spdlog::pattern_time_type::utc));
  logger->set_level(*parsed);
  spdlog::set_default_logger(std::move(logger));
  gpr_set_log_function(&LogFromGrpc);
  return absl::OkStatus();
}

std::optional<uint64_t> LogLimiter::Admit(absl::string_view key, absl::Time now) {
  const sys::MutexLock lock(mutex_);
  if (entries_.size() >= kMaxKeys && !entries_.contains(key)) key = "";
  Entry& entry = entries_[key];
  if (now < entry.last + interval_) {
    ++entry.held_back;
    return std::nullopt;
  }
  entry.last = now;
  return std::exchange(entry.held_back, 0);
}

void LogLimited(spdlog::level::level_enum level, absl::string_view key, absl::string_view text) {
  static auto& limiter = *new LogLimiter(absl::Minutes(1));
  const std::optional<uint64_t> held_back = limiter.Admit(key, absl::Now());
  if (!held_back.has_value()) return;
  std::string line = absl::Utf8SafeCEscape(text);
  if (*held_back > 0) absl::StrAppend(&line, " (", *held_back, " more like it since the last line)");
  spdlog::log(level, "{}", line);
}

}  // namespace listenq::base
