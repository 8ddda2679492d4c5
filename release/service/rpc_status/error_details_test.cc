#include "release/service/rpc_status/error_details.h"

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"

namespace gantry::service {
namespace {

TEST(ErrorDetailsTest, InvalidFieldHasBadRequest) {
  const absl::Status status = InvalidFieldError("payload.digest", "is empty");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               "payload.digest: is empty"));
  const auto detail = GetDetail<google::rpc::BadRequest>(status);
  ASSERT_TRUE(detail.has_value());
  ASSERT_EQ(detail->field_violations_size(), 1);
  EXPECT_EQ(detail->field_violations(0).field(), "payload.digest");
  EXPECT_EQ(detail->field_violations(0).description(), "is empty");
}

TEST(ErrorDetailsTest, CellNotFoundHasResourceInfo) {
  const absl::Status status = CellNotFoundError("a-1-cuda2");
  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kNotFound,
                       "cell \"a-1-cuda2\" is neither planned nor built"));
  const auto detail = GetDetail<google::rpc::ResourceInfo>(status);
  ASSERT_TRUE(detail.has_value());
  EXPECT_EQ(detail->resource_name(), "a-1-cuda2");
}

TEST(ErrorDetailsTest, StatusKeepsDetailsOfSeveralTypes) {
  const absl::Status status =
      WithRetryInfo(WithErrorInfo(absl::UnavailableError("later"), "DRAINING",
                                  {{"key", "value"}}),
                    absl::Milliseconds(1500));
  EXPECT_EQ(status.message(), "later");
  const auto info = GetDetail<google::rpc::ErrorInfo>(status);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason(), "DRAINING");
  EXPECT_EQ(info->domain(), kErrorDomain);
  EXPECT_EQ(info->metadata().at("key"), "value");
  const auto retry = GetDetail<google::rpc::RetryInfo>(status);
  ASSERT_TRUE(retry.has_value());
  EXPECT_EQ(retry->retry_delay().seconds(), 1);
  EXPECT_EQ(retry->retry_delay().nanos(), 500'000'000);
  EXPECT_FALSE(GetDetail<google::rpc::BadRequest>(status).has_value());
}

}  // namespace
}  // namespace gantry::service
