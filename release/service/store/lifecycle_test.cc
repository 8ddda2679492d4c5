#include "release/service/store/lifecycle.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/message_digest.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/attempt.pb.h"
#include "release/service/rpc_status/error_details.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestPlan;
using ::gantry::fixtures::TestRevision;
using ::gantry::release::v1::Attempt;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::CellPlan;
using ::gantry::release::v1::CellState;
using ::gantry::release::v1::Event;
using ::gantry::release::v1::FailAttemptRequest;
using ::gantry::release::v1::FailureClass;
using ::gantry::release::v1::RecordRevisionRequest;
using ::gantry::release::v1::ReleaseLeaseRequest;
using ::gantry::release::v1::Revision;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr CellState kPlanned = release::v1::CELL_STATE_PLANNED;
constexpr CellState kBuilding = release::v1::CELL_STATE_BUILDING;
constexpr CellState kBuilt = release::v1::CELL_STATE_BUILT;
constexpr CellState kFailed = release::v1::CELL_STATE_FAILED;
constexpr CellState kBlocked = release::v1::CELL_STATE_BLOCKED;
constexpr CellState kExcluded = release::v1::CELL_STATE_EXCLUDED;
constexpr CellState kRetired = release::v1::CELL_STATE_RETIRED;

constexpr FailureClass kDeterministic =
    release::v1::FAILURE_CLASS_DETERMINISTIC;
constexpr FailureClass kInfrastructure =
    release::v1::FAILURE_CLASS_INFRASTRUCTURE;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

// Matches an absl::StatusOr whose ErrorInfo has the reason.
MATCHER_P(IsRefusedFor, reason, "is refused") {
  const auto info = GetDetail<google::rpc::ErrorInfo>(arg.status());
  *result_listener << "whose status is " << arg.status();
  return absl::IsFailedPrecondition(arg.status()) && info.has_value() &&
         info->reason() == reason;
}

// A plan whose recipe differs by `recipe`.
CellPlan PlanWithRecipe(const std::string& recipe) {
  CellPlan plan = TestPlan(1);
  auto& fragment = *plan.mutable_recipe()->add_fragments();
  fragment.set_kind("driver");
  fragment.set_name("535.261.03");
  fragment.set_digest(Sha256Digest(recipe));
  plan.mutable_recipe()->set_digest(RecipeDigest(plan.recipe()));
  return plan;
}

std::string RecipeOf(const std::string& recipe) {
  return PlanWithRecipe(recipe).recipe().digest();
}

CellPlan Exclusion() {
  CellPlan plan = PlanWithRecipe("a");
  plan.set_exclusion_reason("no such firmware");
  return plan;
}

// What a service would know of one cell.
class LifecycleTest : public testing::Test {
 protected:
  // Applies an event, if there is one, as a store would.
  void Apply(const absl::optional<Event>& event) {
    if (!event.has_value()) return;
    cell_ = event->cell();
    kinds_.push_back(event->kind());
    if (event->has_attempt()) attempt_ = event->attempt();
    if (!event->has_revision()) return;
    const Revision& revision = event->revision();
    if (!revisions_.empty() &&
        revisions_.front().number() == revision.number()) {
      revisions_.front() = revision;
    } else {
      revisions_.insert(revisions_.begin(), revision);
    }
  }

  void Plan(const CellPlan& plan) {
    Apply(PlanCell(cell_, revisions_, plan, "plan", now_));
  }

  void Claim() {
    if (IsLost(*cell_, now_)) Apply(LoseLease(*cell_, revisions_, now_));
    ASSERT_TRUE(IsClaimable(*cell_, now_));
    Apply(ClaimCell(*cell_, "worker", ++token_, now_, absl::Minutes(10)));
  }

  absl::Status Fail(FailureClass failure_class) {
    FailAttemptRequest request;
    request.mutable_lease()->set_id(TestId(1));
    request.mutable_lease()->set_fencing_token(token_);
    request.mutable_failure()->set_class_(failure_class);
    request.mutable_failure()->set_stage("compile");
    request.mutable_failure()->set_fingerprint("v1:compile:0");
    request.mutable_failure()->set_reason("compile error");
    request.set_log_uri("file:///log");
    const auto event = FailCell(*cell_, revisions_, request, now_);
    if (event.ok()) Apply(*event);
    return event.status();
  }

  // Records content that was built from a recipe.
  absl::Status Record(const std::string& content, const std::string& recipe,
                      int64_t token) {
    RecordRevisionRequest request = TestRevision(1, content, token);
    request.set_recipe_digest(RecipeOf(recipe));
    const auto event = RecordRevision(cell_, revisions_, request, now_);
    if (event.ok()) Apply(*event);
    return event.status();
  }

  // As Record(), with the newest token and without naming a recipe.
  void RecordWithoutRecipe(const std::string& content) {
    const auto event = RecordRevision(cell_, revisions_,
                                      TestRevision(1, content, token_), now_);
    ASSERT_THAT(event, IsOk());
    Apply(*event);
  }

  CellState state() const { return cell_->state(); }

  // Makes the cell reach the state.
  void Reach(CellState state) {
    Plan(PlanWithRecipe("a"));
    if (state == kPlanned) return;
    if (state == kBlocked) return Apply(BlockCell(*cell_, "siblings", now_));
    if (state == kExcluded) return Plan(Exclusion());
    if (state == kRetired) {
      return Apply(RetireCell(*cell_, {"6.1-cloud"}, now_));
    }
    Claim();
    if (state == kFailed) ASSERT_THAT(Fail(kDeterministic), IsOk());
    if (state == kBuilt) ASSERT_THAT(Record("content", "a", token_), IsOk());
    ASSERT_EQ(cell_->state(), state);
  }

  absl::Time now_ = kNow;
  int64_t token_ = 6;
  absl::optional<Cell> cell_;
  std::vector<Revision> revisions_;
  Attempt attempt_;
  std::vector<release::v1::EventKind> kinds_;
};

TEST_F(LifecycleTest, SamePlanAgainChangesNothing) {
  for (CellState state : {kPlanned, kBuilding, kBuilt, kFailed, kBlocked}) {
    cell_.reset();
    revisions_.clear();
    Reach(state);
    now_ += absl::Minutes(1);
    EXPECT_FALSE(
        PlanCell(cell_, revisions_, PlanWithRecipe("a"), "plan", now_));
  }
}

TEST_F(LifecycleTest, PlanUpdatesChannelsAndKeepsTheKernelRelease) {
  Reach(kBuilt);
  CellPlan plan = PlanWithRecipe("a");
  plan.add_channels("lts");
  plan.mutable_coordinates()->clear_kernel_release();
  now_ += absl::Minutes(1);
  Plan(plan);
  EXPECT_EQ(state(), kBuilt);
  EXPECT_THAT(cell_->channels(), ElementsAre("6.1-cloud", "lts"));
  EXPECT_EQ(cell_->coordinates().kernel_release(), "6.1.0-56-cloud-amd64");
  EXPECT_EQ(ToTime(cell_->update_time()), kNow);
}

TEST_F(LifecycleTest, AnotherRecipePlansTheCellAgainAndKeepsItsRevision) {
  for (CellState state : {kBuilt, kFailed}) {
    cell_.reset();
    revisions_.clear();
    Reach(state);
    const int revision = cell_->revision();
    Plan(PlanWithRecipe("b"));
    EXPECT_EQ(cell_->state(), kPlanned);
    EXPECT_EQ(cell_->reason(), "");
    EXPECT_EQ(cell_->revision(), revision);
  }
}

TEST_F(LifecycleTest, RecipeOfTheNewestRevisionIsBuiltAlready) {
  Reach(kBuilt);
  Plan(PlanWithRecipe("b"));
  Plan(PlanWithRecipe("a"));
  EXPECT_EQ(state(), kBuilt);
}

TEST_F(LifecycleTest, ExclusionEndsALeaseAndKeepsRevisions) {
  Reach(kBuilt);
  Plan(PlanWithRecipe("b"));
  Claim();
  Plan(Exclusion());
  EXPECT_EQ(state(), kExcluded);
  EXPECT_EQ(cell_->reason(), "no such firmware");
  EXPECT_EQ(cell_->revision(), 1);
  EXPECT_EQ(attempt_.outcome(), release::v1::ATTEMPT_OUTCOME_RELEASED);
  EXPECT_FALSE(IsClaimable(*cell_, now_));
  EXPECT_THAT(Record("other", "b", token_),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  Plan(PlanWithRecipe("a"));
  EXPECT_EQ(state(), kBuilt);
}

TEST_F(LifecycleTest, CellIsRetiredWhenItLeavesItsLastChannel) {
  CellPlan plan = PlanWithRecipe("a");
  plan.add_channels("lts");
  Plan(plan);
  Apply(RetireCell(*cell_, {"lts"}, now_));
  EXPECT_EQ(state(), kPlanned);
  EXPECT_THAT(cell_->channels(), ElementsAre("6.1-cloud"));
  Apply(RetireCell(*cell_, {"6.1-cloud"}, now_));
  EXPECT_EQ(state(), kRetired);
  EXPECT_FALSE(IsClaimable(*cell_, now_));
  Plan(plan);
  EXPECT_EQ(state(), kPlanned);
}

TEST_F(LifecycleTest, OtherContentIsTheNextRevision) {
  Reach(kBuilt);
  Plan(PlanWithRecipe("b"));
  Claim();
  ASSERT_THAT(Record("other", "b", token_), IsOk());
  EXPECT_EQ(state(), kBuilt);
  EXPECT_EQ(cell_->revision(), 2);
  ASSERT_THAT(revisions_, SizeIs(2));
  EXPECT_EQ(revisions_[0].payload().digest(), Sha256Digest("other"));
  EXPECT_EQ(revisions_[1].payload().digest(), Sha256Digest("content"));
  EXPECT_EQ(attempt_.outcome(), release::v1::ATTEMPT_OUTCOME_BUILT);
  EXPECT_EQ(attempt_.revision(), 2);
}

TEST_F(LifecycleTest, SameContentOfAnotherRecipeConfirmsTheRevision) {
  Reach(kBuilt);
  Plan(PlanWithRecipe("b"));
  Claim();
  ASSERT_THAT(Record("content", "b", token_), IsOk());
  EXPECT_EQ(state(), kBuilt);
  EXPECT_EQ(kinds_.back(), release::v1::EVENT_KIND_CONFIRMED);
  ASSERT_THAT(revisions_, SizeIs(1));
  EXPECT_THAT(revisions_[0].recipe_digests(),
              ElementsAre(RecipeOf("a"), RecipeOf("b")));
  EXPECT_EQ(ToTime(revisions_[0].payload().publish_time()), kNow);
}

TEST_F(LifecycleTest, OtherContentOfTheSameRecipeIsIrreproducible) {
  Reach(kBuilt);
  ASSERT_THAT(Record("other", "a", 0), IsOk());
  EXPECT_EQ(kinds_.back(), release::v1::EVENT_KIND_IRREPRODUCIBLE);
  EXPECT_EQ(state(), kBuilt);
  ASSERT_THAT(revisions_, SizeIs(1));
  EXPECT_EQ(revisions_[0].content_digest(), Sha256Digest("content"));
}

TEST_F(LifecycleTest, RevisionHasItsRecipesInFull) {
  Reach(kBuilt);
  Plan(PlanWithRecipe("b"));
  Claim();
  // Another recipe is wanted before this one is recorded.
  Plan(PlanWithRecipe("c"));
  ASSERT_THAT(Record("content", "b", token_), IsOk());
  ASSERT_THAT(revisions_, SizeIs(1));
  ASSERT_THAT(revisions_[0].recipes(), SizeIs(2));
  EXPECT_EQ(revisions_[0].recipes(0).digest(), RecipeOf("a"));
  EXPECT_EQ(revisions_[0].recipes(1).digest(), RecipeOf("b"));
  EXPECT_EQ(revisions_[0].recipes(1).fragments(0).digest(), Sha256Digest("b"));
}

// The recipe of an older revision is wanted again, but gives a third content.
TEST_F(LifecycleTest, IrreproducibleRecipeIsNotTriedForEver) {
  Reach(kBuilt);
  Plan(PlanWithRecipe("b"));
  Claim();
  ASSERT_THAT(Record("other", "b", token_), IsOk());
  Plan(PlanWithRecipe("a"));
  Claim();
  ASSERT_THAT(Record("third", "a", token_), IsOk());
  EXPECT_EQ(state(), kFailed);
  EXPECT_THAT(
      cell_->reason(),
      HasSubstr(absl::StrCat("the recipe gave content ", Sha256Digest("third"),
                             ", but ", Sha256Digest("content"))));
  EXPECT_FALSE(IsClaimable(*cell_, now_ + absl::Hours(100), true));
  EXPECT_EQ(attempt_.outcome(), release::v1::ATTEMPT_OUTCOME_IRREPRODUCIBLE);
  EXPECT_EQ(attempt_.revision(), 1);
}

TEST_F(LifecycleTest, SameRecordAgainIsAcceptedOnlyWithoutAToken) {
  Reach(kBuilt);
  const size_t events = kinds_.size();
  EXPECT_THAT(Record("content", "a", 0), IsOk());
  for (int64_t token : {token_, int64_t{99}}) {
    EXPECT_THAT(RecordRevision(cell_, revisions_,
                               TestRevision(1, "content", token), now_),
                IsRefusedFor("STALE_FENCING_TOKEN"));
  }
  EXPECT_THAT(kinds_, SizeIs(events));
}

TEST_F(LifecycleTest, RecipeThatIsNoLongerWantedIsRecordedAndPlannedAgain) {
  Reach(kBuilding);
  Plan(PlanWithRecipe("b"));
  EXPECT_EQ(state(), kBuilding);
  ASSERT_THAT(Record("content", "a", token_), IsOk());
  EXPECT_EQ(state(), kPlanned);
  EXPECT_EQ(cell_->revision(), 1);
}

TEST_F(LifecycleTest, UnknownCellMayBeRecorded) {
  ASSERT_THAT(Record("content", "a", 0), IsOk());
  EXPECT_EQ(state(), kBuilt);
  EXPECT_EQ(cell_->id(), TestId(1));
}

TEST_F(LifecycleTest, ExpiredLeaseIsValidUntilTheNextClaim) {
  Reach(kBuilding);
  const int64_t late_token = token_;
  now_ += absl::Hours(1);
  Claim();
  EXPECT_EQ(attempt_.fencing_token(), token_);
  EXPECT_THAT(
      RecordRevision(cell_, revisions_, TestRevision(1, "x", late_token), now_),
      IsRefusedFor("STALE_FENCING_TOKEN"));
  now_ += absl::Hours(1);
  EXPECT_THAT(Record("content", "a", token_), IsOk());
}

TEST_F(LifecycleTest, RefusalHasAReason) {
  const struct {
    CellState state;
    int64_t token;
    std::string reason;
  } cases[] = {
      {kPlanned, 7, "STALE_FENCING_TOKEN"},
      {kFailed, 7, "STALE_FENCING_TOKEN"},
      {kBuilding, 6, "STALE_FENCING_TOKEN"},
      {kBuilding, 8, "STALE_FENCING_TOKEN"},
      {kBuilding, 0, "LEASE_HELD"},
      {kExcluded, 0, "CELL_EXCLUDED"},
  };
  for (const auto& c : cases) {
    cell_.reset();
    token_ = 6;
    Reach(c.state);
    EXPECT_THAT(
        RecordRevision(cell_, revisions_, TestRevision(1, "x", c.token), now_),
        IsRefusedFor(c.reason));
  }
}

TEST_F(LifecycleTest, ProofThatIsNotAcceptedIsRefused) {
  RecordRevisionRequest request = TestRevision(1);
  request.mutable_payload()->mutable_proof()->set_accepted(false);
  request.mutable_payload()->mutable_proof()->set_reason("it was loaded");
  const auto refused = RecordRevision({}, {}, request, now_);
  EXPECT_THAT(refused, IsRefusedFor("PROOF_NOT_ACCEPTED"));
  EXPECT_EQ(refused.status().message(),
            absl::StrCat("the proof of ", TestId(1),
                         " is not accepted: it was loaded"));
}

TEST_F(LifecycleTest, RecordWithoutModulesIsRefused) {
  RecordRevisionRequest request = TestRevision(1);
  request.clear_modules();
  const auto refused = RecordRevision({}, {}, request, now_);
  EXPECT_THAT(refused, IsRefusedFor("PROOF_NOT_ACCEPTED"));
  EXPECT_EQ(refused.status().message(),
            absl::StrCat("the proof of ", TestId(1),
                         " is not accepted: the record names no modules"));
}

TEST_F(LifecycleTest, RecordWithoutARecipeIsOfTheLeases) {
  Reach(kBuilding);
  RecordWithoutRecipe("content");
  EXPECT_EQ(state(), kBuilt);
  EXPECT_THAT(revisions_[0].recipe_digests(), ElementsAre(RecipeOf("a")));

  Plan(PlanWithRecipe("b"));
  Claim();
  Plan(PlanWithRecipe("c"));
  RecordWithoutRecipe("content");
  EXPECT_EQ(state(), kPlanned);
  EXPECT_THAT(revisions_[0].recipe_digests(),
              ElementsAre(RecipeOf("a"), RecipeOf("b")));
}

TEST_F(LifecycleTest, RecordWithoutARecipeMayBeIrreproducible) {
  Reach(kBuilt);
  Plan(PlanWithRecipe("b"));
  Claim();
  RecordWithoutRecipe("other");
  Plan(PlanWithRecipe("a"));
  Claim();
  RecordWithoutRecipe("third");
  EXPECT_EQ(state(), kFailed);
  EXPECT_EQ(attempt_.outcome(), release::v1::ATTEMPT_OUTCOME_IRREPRODUCIBLE);
}

TEST_F(LifecycleTest, PlanOfALowerEpochIsRefused) {
  CellPlan plan = PlanWithRecipe("a");
  auto& epoch = *plan.mutable_recipe()->add_epochs();
  epoch.set_stage("compile");
  epoch.set_epoch(3);
  Plan(plan);
  EXPECT_THAT(CheckEpochs(*cell_, plan), IsOk());
  plan.mutable_recipe()->mutable_epochs(0)->set_epoch(4);
  EXPECT_THAT(CheckEpochs(*cell_, plan), IsOk());
  plan.mutable_recipe()->mutable_epochs(0)->set_epoch(2);
  const absl::StatusOr<Event> refused = CheckEpochs(*cell_, plan);
  EXPECT_THAT(refused, IsRefusedFor("EPOCH_BEHIND"));
  EXPECT_EQ(refused.status().message(),
            absl::StrCat(TestId(1),
                         " is planned with epoch 3 of stage compile, but this "
                         "plan has epoch 2; use the newer version of Gantry"));
  plan.clear_recipe();
  EXPECT_THAT(CheckEpochs(*cell_, plan), IsOk());
}

TEST_F(LifecycleTest, DeterministicFailureWaitsForAnotherRecipe) {
  Reach(kFailed);
  EXPECT_EQ(cell_->reason(), "compile error");
  EXPECT_EQ(cell_->log_uri(), "file:///log");
  EXPECT_EQ(cell_->failure().fingerprint(), "v1:compile:0");
  EXPECT_FALSE(cell_->has_lease());
  EXPECT_EQ(attempt_.failure().reason(), "compile error");
  EXPECT_FALSE(IsClaimable(*cell_, now_ + absl::Hours(100), true));
  Plan(PlanWithRecipe("b"));
  EXPECT_TRUE(IsClaimable(*cell_, now_));
}

TEST_F(LifecycleTest, FailureOfARecipeThatIsNoLongerWantedPlansTheCell) {
  Reach(kBuilding);
  Plan(PlanWithRecipe("b"));
  ASSERT_THAT(Fail(kDeterministic), IsOk());
  EXPECT_EQ(state(), kPlanned);
}

// The recipe of the newest revision is wanted again before the attempt ends.
TEST_F(LifecycleTest, FailureAfterTheRecipeWasRevertedLeavesTheCellBuilt) {
  for (bool is_lost : {false, true}) {
    cell_.reset();
    revisions_.clear();
    Reach(kBuilt);
    Plan(PlanWithRecipe("b"));
    Claim();
    Plan(PlanWithRecipe("a"));
    EXPECT_EQ(state(), kBuilding);
    if (is_lost) {
      Apply(LoseLease(*cell_, revisions_, now_));
    } else {
      ASSERT_THAT(Fail(kInfrastructure), IsOk());
    }
    EXPECT_EQ(state(), kBuilt);
    EXPECT_FALSE(cell_->has_lease());
    EXPECT_EQ(cell_->reason(), "");
    EXPECT_EQ(cell_->infrastructure_failures(), 0);
  }
}

TEST_F(LifecycleTest, NewRecipeForgetsFailuresOfTheInfrastructure) {
  Reach(kPlanned);
  Claim();
  ASSERT_THAT(Fail(kInfrastructure), IsOk());
  now_ += absl::Minutes(1);
  Claim();
  EXPECT_EQ(cell_->infrastructure_failures(), 1);
  Plan(PlanWithRecipe("b"));
  EXPECT_EQ(state(), kBuilding);
  EXPECT_EQ(cell_->infrastructure_failures(), 0);
  ASSERT_THAT(Fail(kInfrastructure), IsOk());
  EXPECT_EQ(state(), kPlanned);
  EXPECT_EQ(cell_->infrastructure_failures(), 0);
}

TEST_F(LifecycleTest, InfrastructureFailuresWaitLongerAndPark) {
  Reach(kPlanned);
  for (int minutes : {1, 2, 4, 8}) {
    Claim();
    ASSERT_THAT(Fail(kInfrastructure), IsOk());
    EXPECT_FALSE(IsClaimable(*cell_, now_));
    EXPECT_TRUE(IsClaimable(*cell_, now_, true));
    now_ += absl::Minutes(minutes);
    EXPECT_FALSE(IsClaimable(*cell_, now_ - absl::Microseconds(1)));
  }
  Claim();
  ASSERT_THAT(Fail(kInfrastructure), IsOk());
  EXPECT_FALSE(IsClaimable(*cell_, now_ + absl::Hours(100), true));
  Apply(RetryCell(*cell_, now_));
  EXPECT_EQ(state(), kPlanned);
  Claim();
  ASSERT_THAT(Fail(kInfrastructure), IsOk());
  EXPECT_TRUE(IsClaimable(*cell_, now_ + absl::Minutes(1)));
}

TEST_F(LifecycleTest, SuccessForgetsFailuresOfTheInfrastructure) {
  Reach(kPlanned);
  Claim();
  ASSERT_THAT(Fail(kInfrastructure), IsOk());
  now_ += absl::Minutes(1);
  Claim();
  ASSERT_THAT(Record("content", "a", token_), IsOk());
  EXPECT_EQ(cell_->infrastructure_failures(), 0);
  EXPECT_EQ(cell_->reason(), "");
  EXPECT_EQ(cell_->log_uri(), "");
}

TEST_F(LifecycleTest, LostLeasesCountAsFailuresOfTheInfrastructure) {
  Reach(kBuilding);
  for (int lost = 1; lost <= 4; ++lost) {
    now_ += absl::Minutes(10);
    ASSERT_TRUE(IsLost(*cell_, now_));
    Apply(LoseLease(*cell_, revisions_, now_));
    EXPECT_EQ(attempt_.outcome(), release::v1::ATTEMPT_OUTCOME_LOST);
    ASSERT_TRUE(IsClaimable(*cell_, now_));
    Apply(ClaimCell(*cell_, "worker", ++token_, now_, absl::Minutes(10)));
  }
  EXPECT_EQ(cell_->attempt_count(), 5);
  now_ += absl::Minutes(10);
  Apply(LoseLease(*cell_, revisions_, now_));
  EXPECT_FALSE(IsClaimable(*cell_, now_, true));
  EXPECT_EQ(cell_->reason(), "the lease of worker expired without a result");
}

TEST_F(LifecycleTest, ReleasedLeaseIsNoAttempt) {
  Reach(kBuilding);
  ReleaseLeaseRequest request;
  request.mutable_lease()->set_fencing_token(token_ - 1);
  EXPECT_THAT(ReleaseCell(*cell_, revisions_, request, now_),
              IsRefusedFor("STALE_FENCING_TOKEN"));
  request.mutable_lease()->set_fencing_token(token_);
  request.set_reason("interrupted");
  Apply(*ReleaseCell(*cell_, revisions_, request, now_));
  EXPECT_EQ(state(), kPlanned);
  EXPECT_EQ(cell_->attempt_count(), 0);
  EXPECT_EQ(attempt_.outcome(), release::v1::ATTEMPT_OUTCOME_RELEASED);
  EXPECT_EQ(attempt_.failure().reason(), "interrupted");
}

TEST_F(LifecycleTest, FailureNeedsTheTokenOfTheLease) {
  Reach(kBuilding);
  ++token_;
  EXPECT_THAT(Fail(kDeterministic),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(LifecycleTest, OnlyFailedAndBlockedCellsAreRetried) {
  Reach(kBuilt);
  EXPECT_FALSE(RetryCell(*cell_, now_).has_value());
}

TEST_F(LifecycleTest, BlockedCellIsRetriedForItsRecipe) {
  Reach(kBlocked);
  EXPECT_EQ(cell_->reason(), "siblings");
  EXPECT_FALSE(IsClaimable(*cell_, now_));
  Apply(RetryCell(*cell_, now_));
  EXPECT_EQ(state(), kPlanned);
  EXPECT_EQ(cell_->reason(), "");
  EXPECT_EQ(cell_->unblocked_recipe_digest(), RecipeOf("a"));
}

TEST_F(LifecycleTest, OnlyPlannedCellsAreBlocked) {
  for (CellState state :
       {kBuilding, kBuilt, kFailed, kBlocked, kExcluded, kRetired}) {
    cell_.reset();
    revisions_.clear();
    Reach(state);
    EXPECT_FALSE(BlockCell(*cell_, "siblings", now_).has_value());
    if (state == kBlocked) continue;
    EXPECT_FALSE(UnblockCell(*cell_, now_).has_value());
  }
}

TEST_F(LifecycleTest, BlockedCellLeavesThatState) {
  Reach(kBlocked);
  Apply(UnblockCell(*cell_, now_));
  EXPECT_EQ(state(), kPlanned);
  EXPECT_EQ(cell_->reason(), "");
  Reach(kBlocked);
  Plan(PlanWithRecipe("b"));
  EXPECT_EQ(state(), kPlanned);
  EXPECT_EQ(cell_->reason(), "");
  Apply(BlockCell(*cell_, "siblings", now_));
  Plan(Exclusion());
  EXPECT_EQ(state(), kExcluded);
  EXPECT_EQ(cell_->reason(), "no such firmware");
}

}  // namespace
}  // namespace gantry::service
