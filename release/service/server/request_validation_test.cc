#include "release/service/server/request_validation.h"

#include <cstdint>
#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/cell.pb.h"
#include "proto/cell_plan.pb.h"
#include "proto/payload.pb.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/store/limits.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestCoordinates;
using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestPlan;
using ::gantry::fixtures::TestPublication;
using ::gantry::release::v1::ClaimCellsRequest;
using ::gantry::release::v1::FailAttemptRequest;
using ::gantry::release::v1::GetCellRequest;
using ::gantry::release::v1::ListCellsRequest;
using ::gantry::release::v1::PlanCellsRequest;
using ::gantry::release::v1::PublishPayloadRequest;
using ::gantry::release::v1::ResolveRequest;

PlanCellsRequest Plan() {
  PlanCellsRequest request;
  *request.add_plans() = TestPlan(1);
  return request;
}

PublishPayloadRequest Publication() { return TestPublication(1); }

ClaimCellsRequest Claim() {
  ClaimCellsRequest request;
  request.set_worker("worker");
  return request;
}

FailAttemptRequest Failure() {
  FailAttemptRequest request;
  request.set_id(TestId(1));
  request.set_reason("error: no such file");
  return request;
}

ResolveRequest Node() {
  ResolveRequest request;
  request.set_os_release(TestCoordinates(1).os_release());
  return request;
}

template <typename Request>
void ExpectInvalid(const Request& request, const std::string& field,
                   const std::string& description) {
  EXPECT_EQ(ValidateRequest(request), InvalidFieldError(field, description));
}

TEST(RequestValidationTest, ValidRequestsAreAccepted) {
  EXPECT_THAT(ValidateRequest(Plan()), IsOk());
  EXPECT_THAT(ValidateRequest(Publication()), IsOk());
  EXPECT_THAT(ValidateRequest(GetCellRequest()), IsOk());
  EXPECT_THAT(ValidateRequest(ListCellsRequest()), IsOk());
  EXPECT_THAT(ValidateRequest(Claim()), IsOk());
  EXPECT_THAT(ValidateRequest(Failure()), IsOk());
  EXPECT_THAT(ValidateRequest(Node()), IsOk());
}

TEST(RequestValidationTest, PlanNeeds1To1000Cells) {
  ExpectInvalid(PlanCellsRequest(), "plans", "0 is not from 1 to 1000");
  PlanCellsRequest request = Plan();
  while (request.plans_size() < kMaxCellsPerCall)
    *request.add_plans() = TestPlan(1);
  EXPECT_THAT(ValidateRequest(request), IsOk());
  *request.add_plans() = TestPlan(1);
  ExpectInvalid(request, "plans", "1001 is not from 1 to 1000");
}

TEST(RequestValidationTest, InvalidPlanIsNamedByItsIndex) {
  PlanCellsRequest request = Plan();
  release::v1::CellPlan& plan = *request.add_plans();
  plan = TestPlan(2);
  plan.set_exclusion_reason("two\nlines");
  ExpectInvalid(request, "plans[1].exclusion_reason",
                "contains a line break or control character");
  plan.set_channel(std::string(257, 'x'));
  ExpectInvalid(request, "plans[1].channel",
                "is 257 bytes long; the limit is 256");
  plan.mutable_coordinates()->set_cuda_version("12/4");
  ExpectInvalid(request, "plans[1].coordinates",
                "cuda_version \"12/4\" must start with a letter or digit and "
                "hold only [A-Za-z0-9.+-]");
}

TEST(RequestValidationTest, PublicationNeedsTheKernelRelease) {
  PublishPayloadRequest request = Publication();
  request.mutable_coordinates()->clear_kernel_release();
  ExpectInvalid(request, "coordinates.kernel_release", "is required");
}

TEST(RequestValidationTest, OversizedCoordinatesAreNotQuoted) {
  PublishPayloadRequest request = Publication();
  request.mutable_coordinates()->set_os_release(std::string(2000, '!'));
  ExpectInvalid(request, "coordinates",
                absl::StrCat("is ", request.coordinates().ByteSizeLong(),
                             " bytes long; the limit is 1024"));
}

TEST(RequestValidationTest, UnknownFieldsCountTowardsTheSize) {
  PublishPayloadRequest request = Publication();
  request.mutable_payload()
      ->GetReflection()
      ->MutableUnknownFields(request.mutable_payload())
      ->AddLengthDelimited(1000, std::string(1 << 20, 'x'));
  ExpectInvalid(request, "payload",
                absl::StrCat("is ", request.payload().ByteSizeLong(),
                             " bytes long; the limit is 262144"));
}

TEST(RequestValidationTest, PayloadIncludingProofIsAtMost256KiB) {
  PublishPayloadRequest request = Publication();
  std::string& message = *request.mutable_payload()
                              ->mutable_proof()
                              ->mutable_modules(0)
                              ->mutable_message();
  message.resize(256 << 10);
  message.resize((256 << 10) -
                 (request.payload().ByteSizeLong() - (256 << 10)));
  ASSERT_EQ(request.payload().ByteSizeLong(), 256u << 10);
  EXPECT_THAT(ValidateRequest(request), IsOk());
  message.push_back('x');
  ExpectInvalid(request, "payload",
                "is 262145 bytes long; the limit is 262144");
}

TEST(RequestValidationTest, PayloadFieldsAreChecked) {
  const std::string digest = Publication().payload().digest();
  const struct {
    std::string field;
    std::string description;
    std::function<void(release::v1::Payload&)> edit;
  } cases[] = {
      {"payload.digest", "\"sha256:12\" is not sha256:<64 hex digits>",
       [](auto& payload) { payload.set_digest("sha256:12"); }},
      {"payload.reference", "is required",
       [](auto& payload) { payload.clear_reference(); }},
      {"payload.reference", absl::StrCat("does not end with \"@", digest, "\""),
       [](auto& payload) { payload.set_reference("oci:/x"); }},
      {"payload.total_size", "is negative",
       [](auto& payload) { payload.set_total_size(-1); }},
      {"payload.proof.boot_duration", "-1s is not from 0 to 24h",
       [](auto& payload) {
         payload.mutable_proof()->mutable_boot_duration()->set_seconds(-1);
       }},
  };
  for (const auto& c : cases) {
    PublishPayloadRequest request = Publication();
    c.edit(*request.mutable_payload());
    ExpectInvalid(request, c.field, c.description);
  }
}

TEST(RequestValidationTest, IdIsAtMost128Bytes) {
  GetCellRequest request;
  request.set_id(std::string(128, 'x'));
  EXPECT_THAT(ValidateRequest(request), IsOk());
  request.set_id(std::string(129, 'x'));
  ExpectInvalid(request, "id", "is 129 bytes long; the limit is 128");
}

TEST(RequestValidationTest, ListNeedsKnownStatesAndAPageSizeOfAtMost1000) {
  ListCellsRequest request;
  request.set_page_size(1001);
  ExpectInvalid(request, "page_size", "1001 is not from 0 to 1000");
  request.set_page_size(-1);
  ExpectInvalid(request, "page_size", "-1 is not from 0 to 1000");
  request.set_page_size(1000);
  EXPECT_THAT(ValidateRequest(request), IsOk());
  request.add_states(release::v1::CELL_STATE_UNSPECIFIED);
  ExpectInvalid(request, "states", "0 is not a cell state");
  request.set_states(0, static_cast<release::v1::CellState>(99));
  ExpectInvalid(request, "states", "99 is not a cell state");
}

TEST(RequestValidationTest, ClaimNeedsAWorkerAndAtMost1000Cells) {
  ExpectInvalid(ClaimCellsRequest(), "worker", "is required");
  ClaimCellsRequest request = Claim();
  request.set_max_cells(1001);
  ExpectInvalid(request, "max_cells", "1001 is not from 0 to 1000");
  request = Claim();
  while (request.ids_size() <= kMaxCellsPerCall) request.add_ids(TestId(1));
  ExpectInvalid(request, "ids", "1001 is not from 0 to 1000");
  request = Claim();
  request.add_ids("two\nlines");
  ExpectInvalid(request, "ids[0]",
                "contains a line break or control character");
}

TEST(RequestValidationTest, LeaseIs1SecondTo24Hours) {
  const struct {
    int64_t seconds;
    int32_t nanos;
    std::string description;
  } cases[] = {
      {0, 0, "0 is not from 1s to 24h"},
      {0, 999'999'999, "999.999999ms is not from 1s to 24h"},
      {24 * 60 * 60, 1, "24h0.000000001s is not from 1s to 24h"},
      {int64_t{1} << 62, 0, "1281023894007607h45m4s is not from 1s to 24h"},
      {5, -1, "4.999999999s is not from 1s to 24h"},
  };
  ClaimCellsRequest request = Claim();
  for (const auto& c : cases) {
    request.mutable_lease_duration()->set_seconds(c.seconds);
    request.mutable_lease_duration()->set_nanos(c.nanos);
    ExpectInvalid(request, "lease_duration", c.description);
  }
  for (int64_t seconds : {1, 24 * 60 * 60}) {
    request.mutable_lease_duration()->set_seconds(seconds);
    request.mutable_lease_duration()->set_nanos(0);
    EXPECT_THAT(ValidateRequest(request), IsOk());
  }
}

TEST(RequestValidationTest, FailureNeedsAOneLineReason) {
  FailAttemptRequest request = Failure();
  request.clear_reason();
  ExpectInvalid(request, "reason", "is required");
  request.set_reason("two\nlines");
  ExpectInvalid(request, "reason",
                "contains a line break or control character");
  request.set_reason(std::string(4097, 'x'));
  ExpectInvalid(request, "reason", "is 4097 bytes long; the limit is 4096");
}

TEST(RequestValidationTest, ResolveNeedsAnOsRelease) {
  ExpectInvalid(ResolveRequest(), "os_release", "is required");
  ResolveRequest request = Node();
  request.set_kernel_release(std::string(257, 'x'));
  ExpectInvalid(request, "kernel_release",
                "is 257 bytes long; the limit is 256");
}

}  // namespace
}  // namespace gantry::service
