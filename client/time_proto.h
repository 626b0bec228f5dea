// Times of a request.
#ifndef LISTENQ_CLIENT_TIME_PROTO_H_
#define LISTENQ_CLIENT_TIME_PROTO_H_

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "absl/time/time.h"

namespace listenq::client {

void SetTime(absl::Time time, google::protobuf::Timestamp& timestamp);
// Not below zero.
void SetDuration(absl::Duration value, google::protobuf::Duration& duration);

}  // namespace listenq::client

#endif  // LISTENQ_CLIENT_TIME_PROTO_H_
