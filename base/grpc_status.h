// absl::Status inside, grpc::Status at the edge. The codes are the same numbers.
#ifndef LISTENQ_BASE_GRPC_STATUS_H_
#define LISTENQ_BASE_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace listenq::base {

grpc::Status ToGrpcStatus(const absl::Status& status);
// Error details (protobuf) are not carried over.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace listenq::base

#endif  // LISTENQ_BASE_GRPC_STATUS_H_
