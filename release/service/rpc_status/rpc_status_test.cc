#include "release/service/rpc_status/rpc_status.h"

#include "absl/status/status.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "release/service/rpc_status/error_details.h"

namespace gantry::service {
namespace {

TEST(RpcStatusTest, OkStaysOk) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_THAT(FromGrpcStatus(grpc::Status::OK), IsOk());
}

TEST(RpcStatusTest, CodeMessageAndDetailsRoundTrip) {
  const absl::Status status =
      WithErrorInfo(InvalidFieldError("id", "is empty"), "EMPTY", {});
  const grpc::Status sent = ToGrpcStatus(status);
  EXPECT_EQ(sent.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(sent.error_message(), "id: is empty");
  EXPECT_EQ(FromGrpcStatus(sent), status);
}

TEST(RpcStatusTest, MalformedDetailsAreDropped) {
  EXPECT_EQ(
      FromGrpcStatus(grpc::Status(grpc::StatusCode::ABORTED, "test", "\x0a")),
      absl::AbortedError("test"));
}

}  // namespace
}  // namespace gantry::service
