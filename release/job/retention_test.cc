#include "release/job/retention.h"

#include <vector>

#include "absl/time/time.h"
#include "base/proto_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/cell.pb.h"
#include "proto/channel_head.pb.h"
#include "proto/matrix.pb.h"
#include "proto/publish_report.pb.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::job {
namespace {

using ::gantry::fixtures::TestCoordinates;
using ::gantry::fixtures::TestId;
using ::gantry::release::v1::CellState;
using ::gantry::release::v1::PrunedRevision;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Property;

constexpr absl::Duration kDay = absl::Hours(24);
const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);  // 2023-11-14

// Cell `number` in a state since so many days ago, with revisions 1 to `count`.
CellRevisions MakeCell(int number, CellState state, int days, int count) {
  CellRevisions made;
  made.cell.set_id(TestId(number));
  *made.cell.mutable_coordinates() = TestCoordinates(number);
  made.cell.set_state(state);
  *made.cell.mutable_update_time() = ToTimestamp(kNow - days * kDay);
  made.cell.set_revision(count);
  for (int n = count; n >= 1; --n) {
    auto& revision = made.revisions.emplace_back();
    revision.set_cell_id(made.cell.id());
    revision.set_number(n);
  }
  return made;
}

void SetPruned(CellRevisions& cell, int number) {
  for (auto& revision : cell.revisions) {
    if (revision.number() == number) {
      *revision.mutable_prune_time() = ToTimestamp(kNow - kDay);
    }
  }
}

matrix::v1::Retention Policy(int revisions_per_cell, int retired_months) {
  matrix::v1::Retention policy;
  policy.set_revisions_per_cell(revisions_per_cell);
  policy.set_retired_months(retired_months);
  return policy;
}

std::vector<int> Numbers(
    const CellRevisions& cell, const matrix::v1::Retention& policy,
    const std::vector<release::v1::ChannelHead>& heads = {}) {
  std::vector<int> numbers;
  for (const auto& pruned : RevisionsToPrune({cell}, heads, policy, kNow)) {
    EXPECT_EQ(pruned.cell_id(), cell.cell.id());
    numbers.push_back(pruned.number());
  }
  return numbers;
}

// The head of a channel with the release of all test cells.
release::v1::ChannelHead HeadWithTestRelease() {
  release::v1::ChannelHead head;
  head.add_releases()->set_name("another");
  head.add_releases()->set_name(TestCoordinates(1).os_release());
  return head;
}

TEST(RetentionTest, NoPolicyKeepsEverything) {
  EXPECT_THAT(Numbers(MakeCell(1, release::v1::CELL_STATE_BUILT, 999, 9), {}),
              IsEmpty());
  EXPECT_THAT(Numbers(MakeCell(1, release::v1::CELL_STATE_RETIRED, 999, 9), {}),
              IsEmpty());
}

TEST(RetentionTest, NewestRevisionsAreKept) {
  const CellRevisions cell = MakeCell(1, release::v1::CELL_STATE_BUILT, 1, 4);
  EXPECT_THAT(Numbers(cell, Policy(1, 0)), ElementsAre(1, 2, 3));
  EXPECT_THAT(Numbers(cell, Policy(3, 0)), ElementsAre(1));
  EXPECT_THAT(Numbers(cell, Policy(4, 0)), IsEmpty());
  EXPECT_THAT(Numbers(cell, Policy(5, 0)), IsEmpty());
  EXPECT_THAT(RevisionsToPrune({cell}, {}, Policy(3, 0), kNow),
              ElementsAre(Property(&PrunedRevision::reason,
                                   "only the newest 3 of a cell are kept")));
}

TEST(RetentionTest, PrunedRevisionsAreNotCounted) {
  CellRevisions cell = MakeCell(1, release::v1::CELL_STATE_BUILT, 1, 4);
  SetPruned(cell, 1);
  EXPECT_THAT(Numbers(cell, Policy(2, 0)), ElementsAre(2));
  SetPruned(cell, 4);
  EXPECT_THAT(Numbers(cell, Policy(2, 0)), IsEmpty());
  EXPECT_THAT(Numbers(cell, Policy(1, 0)), ElementsAre(2));
}

TEST(RetentionTest, NewestRevisionIsKeptInAnyStateButRetired) {
  for (const CellState state :
       {release::v1::CELL_STATE_PLANNED, release::v1::CELL_STATE_BUILT,
        release::v1::CELL_STATE_FAILED, release::v1::CELL_STATE_EXCLUDED,
        release::v1::CELL_STATE_BLOCKED}) {
    EXPECT_THAT(Numbers(MakeCell(1, state, 9999, 2), Policy(1, 1)),
                ElementsAre(1))
        << state;
  }
}

TEST(RetentionTest, RevisionsOfRetiredCellsAreKeptForSomeMonths) {
  const auto policy = Policy(0, 2);
  EXPECT_THAT(
      Numbers(MakeCell(1, release::v1::CELL_STATE_RETIRED, 59, 2), policy),
      IsEmpty());
  const CellRevisions cell =
      MakeCell(1, release::v1::CELL_STATE_RETIRED, 60, 2);
  EXPECT_THAT(Numbers(cell, policy), ElementsAre(1, 2));
  EXPECT_THAT(RevisionsToPrune({cell}, {}, policy, kNow),
              Each(Property(&PrunedRevision::reason,
                            "the cell was retired on 2023-09-15, 2 months ago "
                            "or more")));
}

TEST(RetentionTest, NewestRevisionOfAReleaseInAHeadIsKept) {
  const CellRevisions cell =
      MakeCell(1, release::v1::CELL_STATE_RETIRED, 999, 3);
  EXPECT_THAT(Numbers(cell, Policy(0, 1), {HeadWithTestRelease()}),
              ElementsAre(1, 2));
  EXPECT_THAT(Numbers(cell, Policy(2, 1), {HeadWithTestRelease()}),
              ElementsAre(1, 2));
}

TEST(RetentionTest, RecentlyRetiredCellKeepsItsNewestRevisions) {
  EXPECT_THAT(Numbers(MakeCell(1, release::v1::CELL_STATE_RETIRED, 1, 3),
                      Policy(2, 12)),
              ElementsAre(1));
}

TEST(RetentionTest, CellThatIsBeingBuiltIsLeftAlone) {
  EXPECT_THAT(Numbers(MakeCell(1, release::v1::CELL_STATE_BUILDING, 1, 3),
                      Policy(1, 1)),
              IsEmpty());
}

TEST(RetentionTest, CellsAreIndependent) {
  const std::vector<CellRevisions> cells = {
      MakeCell(1, release::v1::CELL_STATE_BUILT, 1, 2),
      MakeCell(2, release::v1::CELL_STATE_BUILT, 1, 1),
      MakeCell(3, release::v1::CELL_STATE_RETIRED, 99, 1)};
  EXPECT_THAT(RevisionsToPrune(cells, {}, Policy(1, 3), kNow),
              ElementsAre(AllOf(Property(&PrunedRevision::cell_id, TestId(1)),
                                Property(&PrunedRevision::number, 1)),
                          AllOf(Property(&PrunedRevision::cell_id, TestId(3)),
                                Property(&PrunedRevision::number, 1))));
}

}  // namespace
}  // namespace gantry::job
