#include "release/service/store/lifecycle.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "release/service/rpc_status/error_details.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestPlan;
using ::gantry::fixtures::TestPublication;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::CellPlan;
using ::gantry::release::v1::CellState;
using ::gantry::release::v1::FailAttemptRequest;
using ::gantry::release::v1::PublishPayloadRequest;
using ::testing::AllOf;
using ::testing::Property;

constexpr CellState kPlanned = release::v1::CELL_STATE_PLANNED;
constexpr CellState kBuilding = release::v1::CELL_STATE_BUILDING;
constexpr CellState kBuilt = release::v1::CELL_STATE_BUILT;
constexpr CellState kFailed = release::v1::CELL_STATE_FAILED;
constexpr CellState kExcluded = release::v1::CELL_STATE_EXCLUDED;

const absl::Time kBefore = absl::FromUnixSeconds(1700000000);
const absl::Time kNow = kBefore + absl::Minutes(1);
constexpr int64_t kToken = 7;

FailAttemptRequest TestFailure(int64_t token) {
  FailAttemptRequest request;
  request.set_id(TestId(1));
  request.set_fencing_token(token);
  request.set_reason("compile error");
  request.set_log_uri("file:///log");
  return request;
}

// A publication that holds the lease of kToken.
PublishPayloadRequest LeasedPublication(int64_t token = kToken) {
  return TestPublication(1, "payload", token);
}

// Returns a cell that reached the state at kBefore.
Cell InState(CellState state) {
  CellPlan plan = TestPlan(1);
  if (state == kExcluded) plan.set_exclusion_reason("no such firmware");
  const Cell planned = PlanCell({}, plan, kBefore);
  if (state == kPlanned || state == kExcluded) return planned;
  const Cell building =
      ClaimCell(planned, "worker", kToken, kBefore, absl::Hours(1));
  if (state == kBuilding) return building;
  if (state == kBuilt) {
    return *PublishCell(building, LeasedPublication(), kBefore);
  }
  return *FailCell(building, TestFailure(kToken), kBefore);
}

// Matches a Cell.
auto HasState(CellState state) { return Property(&Cell::state, state); }

// Matches a Cell.
MATCHER_P(IsSameCell, cell, "is the same cell") {
  return arg.SerializeAsString() == cell.SerializeAsString();
}

// Matches an absl::StatusOr<Cell> whose ErrorInfo has the reason.
MATCHER_P2(IsRefused, code, reason, "is refused") {
  const auto info = GetDetail<google::rpc::ErrorInfo>(arg.status());
  *result_listener << "whose status is " << arg.status();
  return arg.status().code() == code && info.has_value() &&
         info->reason() == reason;
}

auto IsRefusedPrecondition(const std::string& reason) {
  return IsRefused(absl::StatusCode::kFailedPrecondition, reason);
}

TEST(PlanCellTest, ChangesOnlyCellsThatAreNotBuildingOrBuilt) {
  const struct {
    CellState before, planned, excluded;
  } cases[] = {
      {kPlanned, kPlanned, kExcluded}, {kExcluded, kPlanned, kExcluded},
      {kFailed, kFailed, kExcluded},   {kBuilding, kBuilding, kBuilding},
      {kBuilt, kBuilt, kBuilt},
  };
  CellPlan exclusion = TestPlan(1);
  exclusion.set_exclusion_reason("no such firmware");
  for (const auto& c : cases) {
    const Cell cell = InState(c.before);
    EXPECT_THAT(PlanCell(cell, TestPlan(1), kNow), HasState(c.planned));
    EXPECT_THAT(PlanCell(cell, exclusion, kNow), HasState(c.excluded));
  }
}

TEST(PlanCellTest, SamePlanAgainChangesNothing) {
  for (CellState state : {kPlanned, kBuilding, kBuilt, kFailed}) {
    const Cell cell = InState(state);
    EXPECT_THAT(PlanCell(cell, TestPlan(1), kNow), IsSameCell(cell));
  }
}

TEST(PlanCellTest, UpdatesTheChannelAndKeepsTheKernelRelease) {
  CellPlan plan = TestPlan(1);
  plan.set_channel("lts");
  plan.mutable_coordinates()->clear_kernel_release();
  for (CellState state : {kPlanned, kBuilding, kBuilt, kFailed}) {
    const Cell cell = PlanCell(InState(state), plan, kNow);
    EXPECT_EQ(cell.channel(), "lts");
    EXPECT_EQ(cell.coordinates().kernel_release(), "6.1.0-56-cloud-amd64");
    EXPECT_EQ(ToTime(cell.update_time()), kBefore);
  }
}

TEST(PublishCellTest, BuildsAnUnknownCell) {
  EXPECT_THAT(PublishCell({}, TestPublication(1), kNow),
              IsOkAndHolds(HasState(kBuilt)));
}

TEST(PublishCellTest, BuildsPlannedAndFailedCellsWithoutALease) {
  for (CellState state : {kPlanned, kFailed}) {
    EXPECT_THAT(
        PublishCell(InState(state), TestPublication(1), kNow),
        IsOkAndHolds(AllOf(HasState(kBuilt), Property(&Cell::reason, ""),
                           Property(&Cell::log_uri, ""))));
  }
}

TEST(PublishCellTest, BuildsALeasedCellAndEndsItsLease) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const Cell built,
      PublishCell(InState(kBuilding), LeasedPublication(), kNow));
  EXPECT_EQ(built.state(), kBuilt);
  EXPECT_FALSE(built.has_lease());
  EXPECT_EQ(ToTime(built.payload().publish_time()), kNow);
}

TEST(PublishCellTest, ExpiredLeaseIsValidUntilTheNextClaim) {
  const Cell cell = InState(kBuilding);
  const absl::Time late = kBefore + absl::Hours(2);
  EXPECT_THAT(PublishCell(cell, LeasedPublication(), late),
              IsOkAndHolds(HasState(kBuilt)));
  EXPECT_THAT(PublishCell(cell, TestPublication(1), late),
              IsOkAndHolds(HasState(kBuilt)));
  const Cell claimed =
      ClaimCell(cell, "other", kToken + 1, late, absl::Hours(1));
  EXPECT_THAT(PublishCell(claimed, LeasedPublication(), late),
              IsRefusedPrecondition("STALE_FENCING_TOKEN"));
}

TEST(PublishCellTest, RefusalHasAReason) {
  const struct {
    CellState state;
    int64_t token;
    std::string reason;
  } cases[] = {
      {kPlanned, kToken, "STALE_FENCING_TOKEN"},
      {kFailed, kToken, "STALE_FENCING_TOKEN"},
      {kBuilding, kToken - 1, "STALE_FENCING_TOKEN"},
      {kBuilding, kToken + 1, "STALE_FENCING_TOKEN"},
      {kBuilding, 0, "LEASE_HELD"},
      {kExcluded, 0, "CELL_EXCLUDED"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(PublishCell(InState(c.state), LeasedPublication(c.token), kNow),
                IsRefusedPrecondition(c.reason));
  }
  EXPECT_THAT(PublishCell({}, LeasedPublication(), kNow),
              IsRefusedPrecondition("STALE_FENCING_TOKEN"));
}

TEST(PublishCellTest, SamePayloadAgainIsAcceptedWithAnyToken) {
  const Cell built = InState(kBuilt);
  for (int64_t token : {int64_t{0}, kToken, int64_t{99}}) {
    EXPECT_THAT(PublishCell(built, LeasedPublication(token), kNow),
                IsOkAndHolds(IsSameCell(built)));
  }
}

TEST(PublishCellTest, DifferentDigestIsAConflict) {
  EXPECT_THAT(
      PublishCell(InState(kBuilt), TestPublication(1, "other", kToken), kNow),
      StatusIs(absl::StatusCode::kAlreadyExists,
               absl::StrCat(TestId(1), " is already published as ",
                            Sha256Digest("payload"),
                            " for kernel 6.1.0-56-cloud-amd64; refused ",
                            Sha256Digest("other"),
                            " for kernel 6.1.0-56-cloud-amd64")));
}

TEST(PublishCellTest, DifferentKernelIsAConflict) {
  PublishPayloadRequest request = TestPublication(1);
  request.mutable_coordinates()->set_kernel_release("6.1.0-57-cloud-amd64");
  EXPECT_THAT(PublishCell(InState(kBuilt), request, kNow),
              IsRefused(absl::StatusCode::kAlreadyExists, "PAYLOAD_CONFLICT"));
}

TEST(PublishCellTest, ProofForAnotherKernelIsRefused) {
  PublishPayloadRequest request = TestPublication(1);
  request.mutable_payload()->mutable_proof()->set_kernel_release("6.1.0-50");
  EXPECT_THAT(PublishCell({}, request, kNow),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       absl::StrCat("the proof of ", TestId(1),
                                    " is not accepted: it is for kernel "
                                    "\"6.1.0-50\", not "
                                    "\"6.1.0-56-cloud-amd64\"")));
}

TEST(PublishCellTest, FailedProofIsRefusedWithItsReason) {
  PublishPayloadRequest request = TestPublication(1);
  request.mutable_payload()->mutable_proof()->set_accepted(false);
  request.mutable_payload()->mutable_proof()->set_reason(
      "the negative control was loaded");
  const auto refused = PublishCell({}, request, kNow);
  EXPECT_THAT(refused, IsRefusedPrecondition("PROOF_NOT_ACCEPTED"));
  EXPECT_EQ(refused.status().message(),
            absl::StrCat("the proof of ", TestId(1),
                         " is not accepted: the negative control was loaded"));
}

TEST(ClaimCellTest, PlannedFailedAndExpiredCellsAreClaimable) {
  EXPECT_TRUE(IsClaimable(InState(kPlanned), kNow));
  EXPECT_TRUE(IsClaimable(InState(kFailed), kNow));
  EXPECT_FALSE(IsClaimable(InState(kBuilt), kNow));
  EXPECT_FALSE(IsClaimable(InState(kExcluded), kNow));
  const Cell building = InState(kBuilding);
  const absl::Time end = kBefore + absl::Hours(1);
  EXPECT_FALSE(IsClaimable(building, end - absl::Microseconds(1)));
  EXPECT_TRUE(IsClaimable(building, end));
}

TEST(ClaimCellTest, CountsAttemptsAndClearsTheLastFailure) {
  const Cell again =
      ClaimCell(InState(kFailed), "other", 9, kNow, absl::Minutes(5));
  EXPECT_EQ(again.state(), kBuilding);
  EXPECT_EQ(again.attempt_count(), 2);
  EXPECT_EQ(again.reason(), "");
  EXPECT_EQ(again.lease().worker(), "other");
  EXPECT_EQ(ToTime(again.lease().expire_time()), kNow + absl::Minutes(5));
}

TEST(FailCellTest, EndsTheLease) {
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const Cell failed,
      FailCell(InState(kBuilding), TestFailure(kToken), kNow));
  EXPECT_EQ(failed.state(), kFailed);
  EXPECT_EQ(failed.reason(), "compile error");
  EXPECT_EQ(failed.log_uri(), "file:///log");
  EXPECT_FALSE(failed.has_lease());
}

TEST(FailCellTest, NeedsTheTokenOfTheLease) {
  EXPECT_THAT(FailCell(InState(kBuilding), TestFailure(kToken - 1), kNow),
              IsRefusedPrecondition("STALE_FENCING_TOKEN"));
}

TEST(FailCellTest, UnknownCellIsNotFound) {
  EXPECT_EQ(FailCell({}, TestFailure(kToken), kNow).status(),
            CellNotFoundError(TestId(1)));
}

}  // namespace
}  // namespace gantry::service
