#include "base/logging.h"

#include <grpc/support/log.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
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

std::atomic<uint64_t> refused_certificates = 0;
std::atomic<uint64_t> other_failed_handshakes = 0;

// By OpenSSL's reasons (crypto/err/openssl.txt): those of its alerts too, by which the other side says it.
bool IsOfCertificate(absl::string_view reason) {
  return absl::StrContains(reason, "certificate") || absl::StrContains(reason, "unknown ca");
}

// "Handshake failed with fatal error SSL_ERROR_SSL: error:0A000086:SSL routines::certificate verify failed."
void NoteFailedHandshake(absl::string_view message) {
  if (!absl::ConsumePrefix(&message, "Handshake failed")) return;
  if (const size_t cause = message.rfind("::"); cause != absl::string_view::npos) {
    message.remove_prefix(cause + 2);
  }
  ++(IsOfCertificate(message) ? refused_certificates : other_failed_handshakes);
  LogLimited(spdlog::level::warn, absl::StrCat("handshake ", message),
             absl::StrCat("a TLS handshake failed: ", message));
}

// Our own errors say what failed, but for handshakes; gRPC's lines repeat that with its insides.
void LogFromGrpc(gpr_log_func_args* line) {
  NoteFailedHandshake(line->message);
  spdlog::debug("gRPC: {}", OneLine(line->message));
}

}  // namespace

Handshakes FailedHandshakes() {
  return {.certificate_refused = refused_certificates.load(), .other = other_failed_handshakes.load()};
}

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

void LogLimiter::MakeRoomForKey(absl::Time now) {
  absl::erase_if(keys_, [&](const auto& key) {
    return std::all_of(key.second.begin(), key.second.end(),
                       [&](const auto& line) { return IsOld(line.second, now); });
  });
}

std::optional<uint64_t> LogLimiter::Admit(absl::string_view key, absl::string_view text, absl::Time now) {
  constexpr size_t kRest = 0;
  const sys::MutexLock lock(mutex_);
  if (keys_.size() >= kMaxKeys && !keys_.contains(key)) MakeRoomForKey(now);
  if (keys_.size() >= kMaxKeys && !keys_.contains(key)) key = "";
  Lines& lines = keys_[key];
  size_t hash = absl::Hash<absl::string_view>()(text);
  if (lines.size() >= kMaxTexts && !lines.contains(hash)) {
    absl::erase_if(lines, [&](const auto& line) { return IsOld(line.second, now); });
  }
  if (lines.size() >= kMaxTexts && !lines.contains(hash)) hash = kRest;
  Line& line = lines[hash];
  if (!IsOld(line, now)) {
    ++line.held_back;
    return std::nullopt;
  }
  line.last = now;
  return std::exchange(line.held_back, 0);
}

std::string OneLine(absl::string_view text) {
  const std::string escaped = absl::Utf8SafeCEscape(text);
  std::string line;
  for (size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] == '\\') {
      ++i;
      // A quote is no harm.
      if (escaped[i] != '"' && escaped[i] != '\'') line += '\\';
    }
    line += escaped[i];
  }
  return line;
}

void LogLimited(spdlog::level::level_enum level, absl::string_view key, absl::string_view text) {
  static auto& limiter = *new LogLimiter(absl::Minutes(1));
  const std::optional<uint64_t> held_back = limiter.Admit(key, text, absl::Now());
  if (!held_back.has_value()) return;
  std::string line = OneLine(text);
  if (*held_back > 0) absl::StrAppend(&line, " (", *held_back, " more like it since the last line)");
  spdlog::log(level, "{}", line);
}

}  // namespace listenq::base
