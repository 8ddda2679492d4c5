#include "release/job/work_plan.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/cell_name.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::job {
namespace {

using ::gantry::matrix::v1::Lock;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::CellPlan;
using ::gantry::release::v1::CellState;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A lock with a cell in each of two channels; that in "beta" is excluded.
Lock TwoChannels() {
  Lock lock;
  for (const char* channel : {"stable", "beta"}) {
    auto& cell = *lock.add_cells();
    cell.add_channels(channel);
    cell.mutable_coordinates()->set_os_release(channel);
    cell.mutable_coordinates()->set_version("535");
    lock.add_releases()->set_name(channel);
  }
  lock.add_drivers()->set_version("535");
  lock.mutable_cells(1)->set_exclusion_reason("too new");
  return lock;
}

Cell CellInState(const std::string& id, CellState state) {
  Cell cell;
  cell.set_id(id);
  cell.set_state(state);
  return cell;
}

TEST(WorkPlanTest, DefaultIsAllChannels) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<CellPlan> plans,
                              CellPlansFromLock(TwoChannels(), {}));
  ASSERT_THAT(plans, SizeIs(2));
  EXPECT_EQ(plans[0].exclusion_reason(), "");
  EXPECT_EQ(plans[1].exclusion_reason(), "too new");
}

TEST(WorkPlanTest, OnlyRequestedChannelsArePlanned) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<CellPlan> plans,
                              CellPlansFromLock(TwoChannels(), {"beta"}));
  ASSERT_THAT(plans, SizeIs(1));
  EXPECT_EQ(plans[0].coordinates().os_release(), "beta");
}

TEST(WorkPlanTest, CellInSeveralChannelsIsPlannedOnceForAnyOfThem) {
  Lock lock = TwoChannels();
  lock.mutable_cells(0)->add_channels("beta");
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<CellPlan> plans,
                              CellPlansFromLock(lock, {"beta", "stable"}));
  ASSERT_THAT(plans, SizeIs(2));
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<CellPlan> beta,
                              CellPlansFromLock(lock, {"beta"}));
  ASSERT_THAT(beta, SizeIs(2));
  EXPECT_THAT(beta[0].channels(), ElementsAre("stable", "beta"));
  EXPECT_THAT(beta[1].channels(), ElementsAre("beta"));
}

TEST(WorkPlanTest, UnknownChannelIsNotFound) {
  EXPECT_THAT(CellPlansFromLock(TwoChannels(), {"lts"}),
              StatusIs(absl::StatusCode::kNotFound,
                       "--channel: unknown channel \"lts\"; expected one of "
                       "beta, stable"));
}

TEST(WorkPlanTest, FailedChannelIsKnownAndHasNoCells) {
  Lock lock = TwoChannels();
  lock.add_failed_channels()->set_name("lts");
  EXPECT_THAT(CellPlansFromLock(lock, {"lts"}), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(FailedChannels(lock, {}), ElementsAre("lts"));
  EXPECT_THAT(FailedChannels(lock, {"lts"}), ElementsAre("lts"));
  EXPECT_THAT(FailedChannels(lock, {"stable"}), IsEmpty());
}

TEST(WorkPlanTest, BuiltBlockedAndExcludedCellsAreNotMissing) {
  const std::vector<Cell> cells = {
      CellInState("a", release::v1::CELL_STATE_PLANNED),
      CellInState("b", release::v1::CELL_STATE_BUILDING),
      CellInState("c", release::v1::CELL_STATE_BUILT),
      CellInState("d", release::v1::CELL_STATE_FAILED),
      CellInState("e", release::v1::CELL_STATE_EXCLUDED),
      CellInState("f", release::v1::CELL_STATE_BLOCKED)};
  EXPECT_THAT(MissingCellIds(cells), ElementsAre("a", "b", "d"));
  EXPECT_FALSE(IsComplete(cells));
  EXPECT_TRUE(IsComplete({cells[2], cells[4]}));
  EXPECT_FALSE(IsComplete({cells[2], cells[5]}));
}

TEST(WorkPlanTest, PreviewKeepsKnownCells) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<CellPlan> plans,
                              CellPlansFromLock(TwoChannels(), {}));
  const std::string known_id = CellId(plans[0].coordinates());
  Cell known = CellInState(known_id, release::v1::CELL_STATE_BUILT);
  *known.mutable_wanted_recipe() = plans[0].recipe();
  const auto cells = PreviewCells(
      plans, {known, CellInState("other", release::v1::CELL_STATE_FAILED)});
  ASSERT_EQ(cells.size(), 2u);
  EXPECT_EQ(cells[0].id(), known_id);
  EXPECT_EQ(cells[0].state(), release::v1::CELL_STATE_BUILT);
  EXPECT_EQ(cells[1].state(), release::v1::CELL_STATE_EXCLUDED);
  EXPECT_EQ(cells[1].reason(), "too new");
}

TEST(WorkPlanTest, PreviewPlansCellsWithAnotherRecipe) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<CellPlan> plans,
                              CellPlansFromLock(TwoChannels(), {"stable"}));
  for (const CellState state :
       {release::v1::CELL_STATE_BUILT, release::v1::CELL_STATE_FAILED,
        release::v1::CELL_STATE_BLOCKED}) {
    Cell known = CellInState(CellId(plans[0].coordinates()), state);
    known.mutable_wanted_recipe()->set_digest("another");
    EXPECT_EQ(PreviewCells(plans, {known})[0].state(),
              release::v1::CELL_STATE_PLANNED);
  }
}

TEST(WorkPlanTest, EqualPlansHaveOneId) {
  GANTRY_ASSERT_OK_AND_ASSIGN(std::vector<CellPlan> plans,
                              CellPlansFromLock(TwoChannels(), {}));
  const std::string id = PlanId(plans);
  EXPECT_EQ(PlanId(plans), id);
  plans[0].set_priority(1);
  EXPECT_NE(PlanId(plans), id);
}

TEST(WorkPlanTest, FindsCellsLeasedToTheWorker) {
  std::vector<Cell> cells = {CellInState("a", release::v1::CELL_STATE_BUILDING),
                             CellInState("b", release::v1::CELL_STATE_BUILDING),
                             CellInState("c", release::v1::CELL_STATE_BUILT)};
  cells[0].mutable_lease()->set_worker("me");
  cells[1].mutable_lease()->set_worker("you");
  cells[2].mutable_lease()->set_worker("me");
  const std::vector<Cell> leased = CellsLeasedTo("me", cells);
  ASSERT_EQ(leased.size(), 1u);
  EXPECT_EQ(leased[0].id(), "a");
}

}  // namespace
}  // namespace gantry::job
