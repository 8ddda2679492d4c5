#include "release/service/rpc_status/rpc_status.h"

#include "gtest/gtest.h"
#include "release/service/rpc_status/error_details.h"

namespace gantry::service {
namespace {

TEST(RpcStatusTest, OkStaysOk) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpcStatus(grpc::Status::OK).ok());
}

TEST(RpcStatusTest, CodeMessageAndDetailsSurviveTheTrip) {
  const absl::Status status =
      WithErrorInfo(InvalidFieldError("id", "is empty"), "EMPTY", {});
  const grpc::Status sent = ToGrpcStatus(status);
  EXPECT_EQ(sent.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(sent.error_message(), "id: is empty");
  EXPECT_EQ(FromGrpcStatus(sent), status);
}

TEST(RpcStatusTest, MalformedDetailsAreDropped) {
  EXPECT_EQ(
      FromGrpcStatus(grpc::Status(grpc::StatusCode::ABORTED, "so", "\x0a")),
      absl::AbortedError("so"));
}

}  // namespace
}  // namespace gantry::service
