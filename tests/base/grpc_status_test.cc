#include "base/grpc_status.h"

#include <gtest/gtest.h>

namespace listenq::base {
namespace {

TEST(GrpcStatus, KeepsCodeAndMessageBothWays) {
  const absl::Status status = absl::FailedPreconditionError("listen on /x: busy");
  const grpc::Status on_the_wire = ToGrpcStatus(status);
  EXPECT_EQ(on_the_wire.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(on_the_wire.error_message(), "listen on /x: busy");
  EXPECT_EQ(FromGrpcStatus(on_the_wire), status);
}

TEST(GrpcStatus, OkStaysOk) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpcStatus(grpc::Status::OK).ok());
}

}  // namespace
}  // namespace listenq::base
