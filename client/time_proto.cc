#include "client/time_proto.h"

#include <cstdint>

namespace listenq::client {

void SetTime(absl::Time time, google::protobuf::Timestamp& timestamp) {
  const absl::Duration since_epoch = time - absl::UnixEpoch();
  timestamp.set_seconds(absl::ToInt64Seconds(absl::Floor(since_epoch, absl::Seconds(1))));
  timestamp.set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(since_epoch - absl::Seconds(timestamp.seconds()))));
}

void SetDuration(absl::Duration value, google::protobuf::Duration& duration) {
  duration.set_seconds(absl::ToInt64Seconds(value));
  duration.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(value % absl::Seconds(1))));
}

}  // namespace listenq::client
