#include "release/job/work_plan.h"

#include <string>
#include <vector>

#include "base/cell_name.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gantry::job {
namespace {

using ::gantry::matrix::v1::Lock;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::CellState;
using ::testing::ElementsAre;

Lock TwoChannels() {
  Lock lock;
  for (const char* channel : {"stable", "beta"}) {
    auto& cell = *lock.add_cells();
    cell.set_channel(channel);
    cell.mutable_coordinates()->set_os_release(channel);
  }
  lock.mutable_cells(1)->set_exclusion_reason("too new");
  return lock;
}

Cell InState(const std::string& id, CellState state) {
  Cell cell;
  cell.set_id(id);
  cell.set_state(state);
  return cell;
}

TEST(WorkPlanTest, TakesAllOrTheGivenChannels) {
  const auto all = PlanOfLock(TwoChannels(), {});
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[0].exclusion_reason(), "");
  EXPECT_EQ((*all)[1].exclusion_reason(), "too new");

  const auto beta = PlanOfLock(TwoChannels(), {"beta"});
  ASSERT_TRUE(beta.ok()) << beta.status();
  ASSERT_EQ(beta->size(), 1u);
  EXPECT_EQ((*beta)[0].coordinates().os_release(), "beta");
}

TEST(WorkPlanTest, UnknownChannelIsNamedWithTheKnownOnes) {
  EXPECT_EQ(PlanOfLock(TwoChannels(), {"lts"}).status(),
            absl::NotFoundError("--channel: the lock has no channel \"lts\", "
                                "but beta, stable"));
}

TEST(WorkPlanTest, StatesDecideWhatIsMissing) {
  const std::vector<Cell> cells = {
      InState("a", release::v1::CELL_STATE_PLANNED),
      InState("b", release::v1::CELL_STATE_BUILDING),
      InState("c", release::v1::CELL_STATE_BUILT),
      InState("d", release::v1::CELL_STATE_FAILED),
      InState("e", release::v1::CELL_STATE_EXCLUDED)};
  EXPECT_THAT(MissingCells(cells), ElementsAre("a", "b", "d"));
  EXPECT_FALSE(IsComplete(cells));
  EXPECT_TRUE(IsComplete({cells[2], cells[4]}));
}

TEST(WorkPlanTest, PlanningKeepsWhatIsKnown) {
  const auto plans = *PlanOfLock(TwoChannels(), {});
  const std::string known_id = CellId(plans[0].coordinates());
  const auto cells =
      CellsAsPlanned(plans, {InState(known_id, release::v1::CELL_STATE_BUILT),
                             InState("other", release::v1::CELL_STATE_FAILED)});
  ASSERT_EQ(cells.size(), 2u);
  EXPECT_EQ(cells[0].id(), known_id);
  EXPECT_EQ(cells[0].state(), release::v1::CELL_STATE_BUILT);
  EXPECT_EQ(cells[1].state(), release::v1::CELL_STATE_EXCLUDED);
  EXPECT_EQ(cells[1].reason(), "too new");
}

TEST(WorkPlanTest, OnlyTheWorkersOwnLeasesAreItsOwn) {
  std::vector<Cell> cells = {InState("a", release::v1::CELL_STATE_BUILDING),
                             InState("b", release::v1::CELL_STATE_BUILDING),
                             InState("c", release::v1::CELL_STATE_BUILT)};
  cells[0].mutable_lease()->set_worker("me");
  cells[1].mutable_lease()->set_worker("you");
  cells[2].mutable_lease()->set_worker("me");
  const std::vector<Cell> leased = LeasedTo("me", cells);
  ASSERT_EQ(leased.size(), 1u);
  EXPECT_EQ(leased[0].id(), "a");
}

}  // namespace
}  // namespace gantry::job
