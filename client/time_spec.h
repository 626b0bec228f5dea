// Points in time and lengths of time as a person types them.
#ifndef LISTENQ_CLIENT_TIME_SPEC_H_
#define LISTENQ_CLIENT_TIME_SPEC_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace listenq::client {

// "90s", "10m", "2h30m", "500ms", "1d"; a bare number is seconds. More than zero, else InvalidArgument.
absl::StatusOr<absl::Duration> ParseDurationSpec(absl::string_view text);

// A duration before `now`; a clock time "14:05" or "14:05:30" in `zone`, of today or, if that is still to
// come, of yesterday; or RFC 3339 ("2026-01-01T14:05:00Z"). InvalidArgument names the three forms; a time
// after `now` is InvalidArgument too.
absl::StatusOr<absl::Time> ParseSince(absl::string_view text, absl::Time now, absl::TimeZone zone);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_TIME_SPEC_H_
