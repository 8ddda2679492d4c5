#include "release/service/store/lifecycle.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/proto_time.h"
#include "gtest/gtest.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/store/store_test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Cell;
using ::gantry::release::v1::CellPlan;
using ::gantry::release::v1::CellState;
using ::gantry::release::v1::PublishPayloadRequest;

constexpr CellState kPlanned = release::v1::CELL_STATE_PLANNED;
constexpr CellState kBuilding = release::v1::CELL_STATE_BUILDING;
constexpr CellState kBuilt = release::v1::CELL_STATE_BUILT;
constexpr CellState kFailed = release::v1::CELL_STATE_FAILED;
constexpr CellState kExcluded = release::v1::CELL_STATE_EXCLUDED;

const absl::Time kBefore = absl::FromUnixSeconds(1700000000);
const absl::Time kNow = kBefore + absl::Minutes(1);
constexpr int64_t kToken = 7;

// A cell that came to the state by the functions themselves, at kBefore.
Cell InState(CellState state) {
  CellPlan plan = TestPlan(1);
  if (state == kExcluded) plan.set_exclusion_reason("no such firmware");
  const Cell planned = PlanCell({}, plan, kBefore);
  if (state == kPlanned || state == kExcluded) return planned;
  const Cell building =
      ClaimCell(planned, "worker", kToken, kBefore, absl::Hours(1));
  if (state == kBuilding) return building;
  if (state == kBuilt) {
    return *PublishCell(building, TestPublication(1, "payload", kToken),
                        kBefore);
  }
  release::v1::FailAttemptRequest failure;
  failure.set_fencing_token(kToken);
  failure.set_reason("no luck");
  failure.set_log_uri("file:///log");
  return *FailCell(building, failure, kBefore);
}

CellState StateAfter(const absl::StatusOr<Cell>& cell) {
  EXPECT_TRUE(cell.ok()) << cell.status();
  return cell.ok() ? cell->state() : release::v1::CELL_STATE_UNSPECIFIED;
}

std::string ReasonOf(const absl::Status& status) {
  const auto info = GetDetail<google::rpc::ErrorInfo>(status);
  return info.has_value() ? info->reason() : "";
}

TEST(PlanCellTest, ChangesOnlyWhatIsNotUnderWay) {
  const struct {
    CellState before, wanted, excluded;
  } cases[] = {
      {kPlanned, kPlanned, kExcluded}, {kExcluded, kPlanned, kExcluded},
      {kFailed, kFailed, kExcluded},   {kBuilding, kBuilding, kBuilding},
      {kBuilt, kBuilt, kBuilt},
  };
  CellPlan excluding = TestPlan(1);
  excluding.set_exclusion_reason("why");
  for (const auto& c : cases) {
    const Cell cell = InState(c.before);
    EXPECT_EQ(PlanCell(cell, TestPlan(1), kNow).state(), c.wanted);
    EXPECT_EQ(PlanCell(cell, excluding, kNow).state(), c.excluded);
  }
}

TEST(PlanCellTest, TheSamePlanAgainChangesNothing) {
  for (CellState state : {kPlanned, kBuilding, kBuilt, kFailed}) {
    const Cell cell = InState(state);
    EXPECT_EQ(PlanCell(cell, TestPlan(1), kNow).SerializeAsString(),
              cell.SerializeAsString());
  }
}

TEST(PlanCellTest, ChannelFollowsTheWishAndKernelIsNotForgotten) {
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

TEST(PublishCellTest, BuildsWithOrWithoutALease) {
  EXPECT_EQ(StateAfter(PublishCell({}, TestPublication(1), kNow)), kBuilt);
  for (CellState state : {kPlanned, kFailed}) {
    const auto built = PublishCell(InState(state), TestPublication(1), kNow);
    EXPECT_EQ(StateAfter(built), kBuilt);
    EXPECT_EQ(built->reason(), "");
    EXPECT_EQ(built->log_uri(), "");
  }
  const auto built = PublishCell(InState(kBuilding),
                                 TestPublication(1, "payload", kToken), kNow);
  EXPECT_EQ(StateAfter(built), kBuilt);
  EXPECT_FALSE(built->has_lease());
  EXPECT_EQ(ToTime(built->payload().publish_time()), kNow);
}

TEST(PublishCellTest, LeaseThatEndedStillCountsUntilAnotherClaims) {
  const Cell cell = InState(kBuilding);
  const absl::Time late = kBefore + absl::Hours(2);
  EXPECT_EQ(StateAfter(
                PublishCell(cell, TestPublication(1, "payload", kToken), late)),
            kBuilt);
  EXPECT_EQ(StateAfter(PublishCell(cell, TestPublication(1), late)), kBuilt);
  const Cell taken = ClaimCell(cell, "other", kToken + 1, late, absl::Hours(1));
  EXPECT_EQ(
      ReasonOf(PublishCell(taken, TestPublication(1, "payload", kToken), late)
                   .status()),
      "STALE_FENCING_TOKEN");
}

TEST(PublishCellTest, RefusalsHaveTheirReason) {
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
    const absl::Status status =
        PublishCell(InState(c.state), TestPublication(1, "payload", c.token),
                    kNow)
            .status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_EQ(ReasonOf(status), c.reason);
  }
  EXPECT_EQ(
      ReasonOf(PublishCell({}, TestPublication(1, "payload", kToken), kNow)
                   .status()),
      "STALE_FENCING_TOKEN");
}

TEST(PublishCellTest, TheSameAgainIsOkWhateverTheToken) {
  const Cell built = InState(kBuilt);
  for (int64_t token : {int64_t{0}, kToken, int64_t{99}}) {
    EXPECT_EQ(PublishCell(built, TestPublication(1, "payload", token), kNow)
                  ->SerializeAsString(),
              built.SerializeAsString());
  }
}

TEST(PublishCellTest, AnotherDigestOrKernelIsAConflict) {
  const Cell built = InState(kBuilt);
  EXPECT_EQ(
      PublishCell(built, TestPublication(1, "other", kToken), kNow)
          .status()
          .message(),
      absl::StrCat(TestId(1), " is published as ", Sha256Digest("payload"),
                   " for kernel 6.1.0-56-cloud-amd64; refused ",
                   Sha256Digest("other"), " for kernel 6.1.0-56-cloud-amd64"));
  PublishPayloadRequest request = TestPublication(1);
  request.mutable_coordinates()->set_kernel_release("6.1.0-57-cloud-amd64");
  EXPECT_EQ(PublishCell(built, request, kNow).status().code(),
            absl::StatusCode::kAlreadyExists);
}

TEST(PublishCellTest, ProofMustAcceptThisKernel) {
  PublishPayloadRequest request = TestPublication(1);
  request.mutable_payload()->mutable_proof()->set_kernel_release("6.1.0-50");
  absl::Status status = PublishCell({}, request, kNow).status();
  EXPECT_EQ(status.message(),
            absl::StrCat("the proof of ", TestId(1),
                         " does not accept: it booted kernel \"6.1.0-50\", not "
                         "\"6.1.0-56-cloud-amd64\""));
  request.mutable_payload()->mutable_proof()->set_accepted(false);
  request.mutable_payload()->mutable_proof()->set_reason("the control loaded");
  status = PublishCell({}, request, kNow).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            absl::StrCat("the proof of ", TestId(1),
                         " does not accept: the control loaded"));
  EXPECT_EQ(ReasonOf(status), "PROOF_NOT_ACCEPTED");
}

TEST(ClaimCellTest, PlannedFailedAndExpiredCellsCanBeClaimed) {
  EXPECT_TRUE(IsClaimable(InState(kPlanned), kNow));
  EXPECT_TRUE(IsClaimable(InState(kFailed), kNow));
  EXPECT_FALSE(IsClaimable(InState(kBuilt), kNow));
  EXPECT_FALSE(IsClaimable(InState(kExcluded), kNow));
  const Cell building = InState(kBuilding);
  const absl::Time end = kBefore + absl::Hours(1);
  EXPECT_FALSE(IsClaimable(building, end - absl::Microseconds(1)));
  EXPECT_TRUE(IsClaimable(building, end));
}

TEST(ClaimCellTest, CountsAttemptsAndForgetsTheLastFailure) {
  const Cell again =
      ClaimCell(InState(kFailed), "other", 9, kNow, absl::Minutes(5));
  EXPECT_EQ(again.state(), kBuilding);
  EXPECT_EQ(again.attempt_count(), 2);
  EXPECT_EQ(again.reason(), "");
  EXPECT_EQ(again.lease().worker(), "other");
  EXPECT_EQ(ToTime(again.lease().expire_time()), kNow + absl::Minutes(5));
}

TEST(FailCellTest, NeedsTheNewestToken) {
  release::v1::FailAttemptRequest request;
  request.set_id(TestId(1));
  request.set_reason("one line");
  EXPECT_EQ(FailCell({}, request, kNow).status(), CellNotFoundError(TestId(1)));
  EXPECT_EQ(ReasonOf(FailCell(InState(kBuilding), request, kNow).status()),
            "STALE_FENCING_TOKEN");
  request.set_fencing_token(kToken);
  const Cell failed = *FailCell(InState(kBuilding), request, kNow);
  EXPECT_EQ(failed.state(), kFailed);
  EXPECT_EQ(failed.reason(), "one line");
  EXPECT_FALSE(failed.has_lease());
}

}  // namespace
}  // namespace gantry::service
