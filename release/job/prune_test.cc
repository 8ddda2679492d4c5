#include "release/job/prune.h"

#include <cstdio>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/cell_name.h"
#include "base/message_digest.h"
#include "base/progress.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/attempt.pb.h"
#include "proto/matrix.pb.h"
#include "proto/publish_report.pb.h"
#include "proto/release_service.pb.h"
#include "release/job/publish_fixture.h"
#include "release/job/reconcile.h"
#include "release/publish/publisher.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::job {
namespace {

using ::gantry::fixtures::TestCoordinates;
using ::gantry::fixtures::TestId;
using ::gantry::release::v1::PruneReport;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

enum class Kind { kLayout, kRegistry };

// Cell 1 has three revisions and cell 2 one; the destination is equal to the
// records.
class PruneTest : public PublishTest {
 protected:
  void SetUpIn(const publish::Destination& destination) {
    destination_ = destination;
    options_.now = FakeTime(0);
    options_.policy.set_revisions_per_cell(2);
    Plan(1);
    Plan(2);
    first_ = Record(1, "first");
    second_ = Record(1, "second");
    third_ = Record(1, "third");
    other_ = Record(2, "other");
    FillDestination();
  }

  void FillDestination() {
    Progress progress(stderr);
    ASSERT_THAT(Reconcile(*client_, destination_, {}, progress), IsOk());
  }

  absl::StatusOr<PruneReport> Run() {
    Progress progress(stderr);
    return Prune(*client_, destination_, options_, progress);
  }

  absl::StatusOr<bool> Has(const std::string& digest) {
    return publish::HasImage(digest, destination_);
  }

  absl::StatusOr<std::string> FindTag(int number,
                                      const std::string& suffix = "") {
    return publish::FindTag(CellTag(TestCoordinates(number)) + suffix,
                            destination_);
  }

  // Numbers of the cell's pruned revisions, newest first.
  std::vector<int> Pruned(int number) {
    std::vector<int> numbers;
    const auto revisions = client_->ListRevisions(TestId(number));
    EXPECT_THAT(revisions, IsOk());
    for (const auto& revision : revisions->revisions()) {
      if (revision.has_prune_time()) numbers.push_back(revision.number());
    }
    return numbers;
  }

  void GiveUp(int number, int revision) {
    ASSERT_THAT(client_->PruneRevision(TestId(number), revision), IsOk());
  }

  publish::Destination destination_;
  PruneOptions options_;
  std::string first_, second_, third_, other_;
};

// What is equal for both kinds of destinations.
class PruneAnywhereTest : public PruneTest,
                          public testing::WithParamInterface<Kind> {
 protected:
  void SetUp() override {
    SetUpIn(GetParam() == Kind::kLayout ? layout_ : StartRegistry());
  }
};

INSTANTIATE_TEST_SUITE_P(Destinations, PruneAnywhereTest,
                         testing::Values(Kind::kLayout, Kind::kRegistry));

TEST_P(PruneAnywhereTest, OldRevisionsAreRemoved) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const PruneReport report, Run());
  ASSERT_THAT(report.revisions(), SizeIs(1));
  EXPECT_EQ(report.revisions(0).cell_id(), TestId(1));
  EXPECT_EQ(report.revisions(0).number(), 1);
  ASSERT_THAT(report.images(), SizeIs(1));
  EXPECT_EQ(report.images(0).digest(), first_);
  EXPECT_EQ(report.freed_bytes() > 0, GetParam() == Kind::kLayout);
  EXPECT_THAT(Pruned(1), ElementsAre(1));
  EXPECT_THAT(Pruned(2), IsEmpty());

  EXPECT_THAT(Has(first_), IsOkAndHolds(false));
  EXPECT_THAT(FindTag(1, "-r1"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(FindTag(1, "-r2"), IsOkAndHolds(second_));
  EXPECT_THAT(FindTag(1), IsOkAndHolds(third_));
  EXPECT_THAT(FindTag(2), IsOkAndHolds(other_));

  // Neither another run nor the reconciler changes anything.
  GANTRY_ASSERT_OK_AND_ASSIGN(const PruneReport again, Run());
  EXPECT_THAT(again.revisions(), IsEmpty());
  EXPECT_THAT(again.images(), IsEmpty());
  FillDestination();
  EXPECT_THAT(Has(first_), IsOkAndHolds(false));
}

class PruneLayoutTest : public PruneTest {
 protected:
  void SetUp() override { SetUpIn(layout_); }
};

TEST_F(PruneLayoutTest, DryRunChangesNothing) {
  options_.dry_run = true;
  GANTRY_ASSERT_OK_AND_ASSIGN(const PruneReport report, Run());
  EXPECT_THAT(report.revisions(), SizeIs(1));
  ASSERT_THAT(report.images(), SizeIs(1));
  EXPECT_EQ(report.images(0).digest(), first_);
  EXPECT_THAT(Pruned(1), IsEmpty());
  EXPECT_THAT(Has(first_), IsOkAndHolds(true));
}

// As after a crash between the service and the destination.
TEST_F(PruneLayoutTest, ImageOfAnEarlierPrunedRevisionIsRemoved) {
  GiveUp(1, 1);
  options_.policy.Clear();
  GANTRY_ASSERT_OK_AND_ASSIGN(const PruneReport report, Run());
  EXPECT_THAT(report.revisions(), IsEmpty());
  ASSERT_THAT(report.images(), SizeIs(1));
  EXPECT_EQ(report.images(0).digest(), first_);
  EXPECT_THAT(Has(first_), IsOkAndHolds(false));
}

TEST_F(PruneLayoutTest, TagThatLagsBehindIsSetFirst) {
  ASSERT_THAT(
      publish::TagImage(first_, CellTag(TestCoordinates(1)), destination_),
      IsOk());
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(FindTag(1), IsOkAndHolds(third_));
}

TEST_F(PruneLayoutTest, RetiredCellIsRemoved) {
  RetireAll();
  options_.policy.set_retired_months(1);
  options_.now = FakeTime(31);
  GANTRY_ASSERT_OK_AND_ASSIGN(const PruneReport report, Run());
  EXPECT_THAT(report.revisions(), SizeIs(4));
  EXPECT_THAT(report.images(), SizeIs(4));
  EXPECT_THAT(publish::ListTags(destination_), IsOkAndHolds(IsEmpty()));
}

TEST_F(PruneLayoutTest, NewestRevisionOfAReleaseInAHeadIsKept) {
  release::v1::MoveChannelHeadRequest move;
  auto& head = *move.mutable_head();
  head.set_family(matrix::v1::FAMILY_DEBIAN);
  head.set_name("6.1-cloud");
  head.set_plan_digest("sha256:" + std::string(64, '0'));
  auto& release = *head.add_releases();
  release.set_name(TestCoordinates(1).os_release());
  release.set_version("6.1.0-56-cloud-amd64");
  ASSERT_THAT(client_->MoveChannelHead(move), IsOk());
  RetireAll();
  options_.policy.set_retired_months(1);
  options_.now = FakeTime(31);
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(Pruned(1), ElementsAre(2, 1));
  EXPECT_THAT(Pruned(2), IsEmpty());
}

TEST_F(PruneLayoutTest, ImageOfAKeptRevisionIsKept) {
  // Revision 4 is what revision 1 was.
  ASSERT_EQ(Record(1, "first"), first_);
  FillDestination();
  GANTRY_ASSERT_OK_AND_ASSIGN(const PruneReport report, Run());
  EXPECT_THAT(Pruned(1), ElementsAre(2, 1));
  ASSERT_THAT(report.images(), SizeIs(1));
  EXPECT_EQ(report.images(0).digest(), second_);
  EXPECT_THAT(FindTag(1), IsOkAndHolds(first_));
  EXPECT_THAT(FindTag(1, "-r4"), IsOkAndHolds(first_));
}

// A worker may be about to record the image again.
TEST_F(PruneLayoutTest, ImagesOfACellThatIsBeingBuiltStay) {
  GiveUp(1, 1);
  auto plan = fixtures::TestPlan(1);
  plan.mutable_recipe()->add_epochs()->set_stage("compile");
  plan.mutable_recipe()->mutable_epochs(0)->set_epoch(1);
  plan.mutable_recipe()->set_digest(RecipeDigest(plan.recipe()));
  ASSERT_THAT(client_->PlanCells({plan}), IsOk());
  release::v1::ClaimCellsRequest claim;
  claim.set_worker("another");
  claim.add_ids(TestId(1));
  ASSERT_THAT(client_->ClaimCells(claim), IsOkAndHolds(SizeIs(1)));
  GANTRY_ASSERT_OK_AND_ASSIGN(const PruneReport report, Run());
  EXPECT_THAT(report.revisions(), IsEmpty());
  EXPECT_THAT(report.images(), IsEmpty());
  EXPECT_THAT(Has(first_), IsOkAndHolds(true));
}

TEST_F(PruneLayoutTest, OldLogsAreDeleted) {
  Plan(3);
  release::v1::ClaimCellsRequest claim;
  claim.set_worker("another");
  claim.add_ids(TestId(3));
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto claimed, client_->ClaimCells(claim));
  ASSERT_THAT(claimed, SizeIs(1));
  release::v1::FailAttemptRequest fail;
  fail.mutable_lease()->set_id(TestId(3));
  fail.mutable_lease()->set_fencing_token(claimed[0].lease().fencing_token());
  fail.mutable_failure()->set_class_(release::v1::FAILURE_CLASS_DETERMINISTIC);
  fail.mutable_failure()->set_stage("compile");
  fail.mutable_failure()->set_reason("no");
  fail.set_log("nv.c:1:2: error: no\n");
  ASSERT_THAT(client_->FailAttempt(fail), IsOk());

  options_.policy.set_log_days(30);
  options_.now = FakeTime(29);
  GANTRY_ASSERT_OK_AND_ASSIGN(const PruneReport early, Run());
  EXPECT_EQ(early.deleted_logs(), 0);
  options_.now = FakeTime(31);
  GANTRY_ASSERT_OK_AND_ASSIGN(const PruneReport late, Run());
  EXPECT_EQ(late.deleted_logs(), 1);
}

class PruneRegistryTest : public PruneTest {};

TEST_F(PruneRegistryTest, RegistryThatPermitsNoDeletesIsAnError) {
  SetUpIn(StartRegistry({false}));
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kFailedPrecondition,
                              HasSubstr("the registry does not permit "
                                        "deleting images")));
  // No node is offered it any more.
  EXPECT_THAT(Pruned(1), ElementsAre(1));
  EXPECT_THAT(Has(first_), IsOkAndHolds(true));
}

TEST_F(PruneRegistryTest, RegistryThatAnotherChangesIsLeftAlone) {
  SetUpIn(layout_);
  // It is not even asked.
  destination_ = {"", "127.0.0.1:1/x"};
  TakeLease(destination_);
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kAborted,
                              HasSubstr("another until 2023-11-14")));
  EXPECT_THAT(Pruned(1), IsEmpty());
}

// A registry loses what a run for the layout has given up.
TEST_F(PruneRegistryTest, ReplicaIsPrunedToo) {
  SetUpIn(StartRegistry());
  const publish::Destination replica = destination_;
  destination_ = layout_;
  ASSERT_THAT(Run(), IsOk());
  destination_ = replica;
  EXPECT_THAT(Has(first_), IsOkAndHolds(true));
  GANTRY_ASSERT_OK_AND_ASSIGN(const PruneReport report, Run());
  EXPECT_THAT(report.revisions(), IsEmpty());
  EXPECT_THAT(report.images(), SizeIs(1));
  EXPECT_THAT(Has(first_), IsOkAndHolds(false));
}

}  // namespace
}  // namespace gantry::job
