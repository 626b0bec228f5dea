#include "client/time_spec.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace listenq::client {
namespace {

bool AllDigits(absl::string_view text) {
  for (char c : text) {
    if (!absl::ascii_isdigit(c)) return false;
  }
  return !text.empty();
}

std::optional<absl::Duration> ReadDuration(absl::string_view text) {
  int64_t number = 0;
  if (AllDigits(text)) {
    if (!absl::SimpleAtoi(text, &number)) return std::nullopt;
    return absl::Seconds(number);
  }
  absl::string_view days = text;
  if (absl::ConsumeSuffix(&days, "d") && AllDigits(days) && absl::SimpleAtoi(days, &number)) {
    return absl::Hours(24) * number;
  }
  absl::Duration duration;
  if (!absl::ParseDuration(std::string(text), &duration)) return std::nullopt;
  return duration;
}

// Seconds after midnight.
std::optional<absl::CivilSecond> ReadClockTime(absl::string_view text, absl::CivilDay day) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return std::nullopt;
  std::array<int64_t, 3> values = {0, 0, 0};
  constexpr std::array<int64_t, 3> kEnd = {24, 60, 60};
  for (size_t i = 0; i < std::min(parts.size(), values.size()); ++i) {
    if (parts[i].size() > 2 || !AllDigits(parts[i]) || !absl::SimpleAtoi(parts[i], &values[i]))
      return std::nullopt;
    if (values[i] >= kEnd[i]) return std::nullopt;
  }
  return absl::CivilSecond(day.year(), day.month(), day.day(), values[0], values[1], values[2]);
}

absl::Status InFuture(absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat(text, ": is in the future"));
}

}  // namespace

absl::StatusOr<absl::Duration> ParseDurationSpec(absl::string_view text) {
  const std::optional<absl::Duration> duration = ReadDuration(text);
  if (!duration)
    return absl::InvalidArgumentError(absl::StrCat(text, ": not a duration, such as 500ms, 10s or 2h30m"));
  if (*duration <= absl::ZeroDuration())
    return absl::InvalidArgumentError(absl::StrCat(text, ": must be more than 0"));
  return *duration;
}

absl::StatusOr<absl::Time> ParseSince(absl::string_view text, absl::Time now, absl::TimeZone zone) {
  if (const std::optional<absl::Duration> duration = ReadDuration(text)) {
    if (*duration < absl::ZeroDuration()) return InFuture(text);
    return now - *duration;
  }
  const absl::CivilDay today = absl::ToCivilDay(now, zone);
  if (const auto clock_time = ReadClockTime(text, today)) {
    const absl::Time time = absl::FromCivil(*clock_time, zone);
    if (time <= now) return time;
    return absl::FromCivil(*ReadClockTime(text, today - 1), zone);
  }
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &error)) {
    if (time > now) return InFuture(text);
    return time;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      text, ": neither a duration (10m), nor a clock time (14:05), nor RFC 3339 (2026-01-01T14:05:00Z)"));
}

}  // namespace listenq::client
