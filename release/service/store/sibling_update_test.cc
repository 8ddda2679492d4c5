// How mutations block and free siblings, and how demand does.

#include "release/service/store/sibling_update.h"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/cell_name.h"
#include "base/message_digest.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/attempt.pb.h"
#include "proto/cell.pb.h"
#include "proto/cell_plan.pb.h"
#include "proto/coordinates.pb.h"
#include "proto/event.pb.h"
#include "proto/release_service.pb.h"
#include "release/service/store/cell_store.h"
#include "release/service/store/cell_table.h"
#include "release/service/store/demand.h"
#include "release/service/store/mutations.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Cell;
using ::gantry::release::v1::CellPlan;
using ::gantry::release::v1::Event;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A plan of a cell of "flatcar-<release>" with a recipe of this name.
CellPlan PlanOf(const std::string& release, const std::string& recipe = "a") {
  CellPlan plan = fixtures::TestPlan(1);
  plan.mutable_coordinates()->set_os_release("flatcar-" + release);
  plan.mutable_coordinates()->clear_kernel_release();
  auto& fragment = *plan.mutable_recipe()->add_fragments();
  fragment.set_kind("driver");
  fragment.set_name(recipe);
  plan.mutable_recipe()->set_digest(RecipeDigest(plan.recipe()));
  return plan;
}

std::string IdOf(const std::string& release) {
  return CellId(PlanOf(release).coordinates());
}

class SiblingUpdateTest : public testing::Test {
 protected:
  void SetUp() override {
    CellStoreOptions options;
    options.clock = [this] {
      return absl::FromUnixSeconds(1'700'000'000) +
             absl::Seconds(seconds_.load());
    };
    GANTRY_ASSERT_OK_AND_ASSIGN(store_,
                                CellStore::Open(database_.path(), options));
  }

  // Returns the cells of the response.
  std::vector<Cell> Plan(const std::vector<CellPlan>& plans,
                         const std::string& plan_id = "p") {
    release::v1::PlanCellsRequest request;
    request.mutable_plans()->Assign(plans.begin(), plans.end());
    request.set_plan_id(plan_id);
    request.set_request_id("plan");
    const auto response = Apply(*store_, PlanCells, request);
    EXPECT_THAT(response, IsOk());
    return {response->cells().begin(), response->cells().end()};
  }

  // Plans cells of the releases 1 to `count`.
  void PlanReleases(int count) {
    std::vector<CellPlan> plans;
    for (int i = 1; i <= count; ++i) plans.push_back(PlanOf(absl::StrCat(i)));
    Plan(plans);
  }

  // Returns the leased cell.
  Cell Claim(const std::string& release) {
    release::v1::ClaimCellsRequest request;
    request.set_worker("worker");
    request.add_ids(IdOf(release));
    const auto response = Apply(*store_, ClaimCells, request);
    EXPECT_THAT(response, IsOk());
    EXPECT_THAT(response->cells(), SizeIs(1)) << release;
    return response->cells_size() == 1 ? response->cells(0) : Cell();
  }

  void FailLeased(const Cell& cell) {
    release::v1::FailAttemptRequest request;
    request.mutable_lease()->set_id(cell.id());
    request.mutable_lease()->set_fencing_token(cell.lease().fencing_token());
    auto& failure = *request.mutable_failure();
    failure.set_class_(release::v1::FAILURE_CLASS_DETERMINISTIC);
    failure.set_stage("compile");
    failure.set_fingerprint("v1:compile:0");
    failure.set_reason("nv.c:1:2: error: no");
    request.set_request_id("fail-" + cell.id());
    EXPECT_THAT(Apply(*store_, FailAttempt, request), IsOk());
  }

  void Fail(const std::string& release) { FailLeased(Claim(release)); }

  void Record(const std::string& release) {
    const Cell cell = Claim(release);
    auto request = fixtures::TestRevision(1, release);
    request.mutable_coordinates()->set_os_release("flatcar-" + release);
    request.set_fencing_token(cell.lease().fencing_token());
    request.set_recipe_digest(cell.lease().recipe_digest());
    EXPECT_THAT(Apply(*store_, RecordRevision, request), IsOk());
  }

  void AddDemandFor(const std::string& release) {
    EXPECT_THAT(store_->WriteAndWait([&](CellTable& table, absl::Time now) {
      return AddDemand(table, {{IdOf(release), 3}}, now);
    }),
                IsOk());
  }

  // All cells, by id.
  std::vector<Cell> Cells() {
    return *store_->List(CellFilter(), "", 1000, 1 << 30);
  }

  Cell Get(const std::string& release) { return *store_->Get(IdOf(release)); }

  // One letter for the state of each cell, by id: "p" planned, "P" built, "x"
  // failed, "#" blocked, "b" being built, "r" retired.
  std::string States() {
    static constexpr char kLetters[] = "?pbPxer#";
    std::string states;
    for (const Cell& cell : Cells()) states += kLetters[cell.state()];
    return states;
  }

  // Ids of the cells with events of the kind, which nobody asked for by name.
  std::vector<std::string> EventsOf(release::v1::EventKind kind) {
    std::vector<std::string> ids;
    const auto events = store_->ListEvents(0, 1000, 1 << 30);
    for (const Event& event : *events) {
      if (event.kind() != kind) continue;
      EXPECT_EQ(event.actor(), "");
      ids.push_back(event.cell().id());
    }
    return ids;
  }

  const TestDatabase database_;
  std::atomic<int> seconds_ = 0;
  std::unique_ptr<CellStore> store_;
};

TEST_F(SiblingUpdateTest, SiblingsAreBlockedAndFreed) {
  PlanReleases(6);
  Fail("3");
  EXPECT_EQ(States(), "ppxppp");
  Fail("4");
  EXPECT_EQ(States(), "p#xx#p");
  EXPECT_EQ(Get("2").reason(),
            absl::StrCat("siblings ", IdOf("3"), " and ", IdOf("4"),
                         " fail alike: v1:compile:0"));
  EXPECT_THAT(EventsOf(release::v1::EVENT_KIND_BLOCKED),
              ElementsAre(IdOf("2"), IdOf("5")));

  Record("1");
  EXPECT_EQ(States(), "Ppxx#p");
  EXPECT_EQ(Get("2").reason(), "");
  EXPECT_THAT(EventsOf(release::v1::EVENT_KIND_UNBLOCKED),
              ElementsAre(IdOf("2")));
  Record("6");
  EXPECT_EQ(States(), "PpxxpP");
}

TEST_F(SiblingUpdateTest, BlockedCellsAreNotClaimed) {
  PlanReleases(5);
  Fail("2");
  Fail("3");
  release::v1::ClaimCellsRequest request;
  request.set_worker("worker");
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto claimed,
                              Apply(*store_, ClaimCells, request));
  EXPECT_THAT(claimed.cells(), SizeIs(2));
  EXPECT_EQ(States(), "bxx#b");
}

TEST_F(SiblingUpdateTest, NewKernelsAreBlockedWhenPlanned) {
  PlanReleases(3);
  Fail("1");
  Fail("2");
  EXPECT_EQ(States(), "xxp");
  const std::vector<Cell> cells = Plan({PlanOf("4"), PlanOf("5")});
  EXPECT_EQ(States(), "xx##p");
  EXPECT_EQ(cells[0].state(), release::v1::CELL_STATE_BLOCKED);
  EXPECT_EQ(cells[0].reason(), Get("4").reason());
  EXPECT_EQ(cells[1].state(), release::v1::CELL_STATE_PLANNED);
}

TEST_F(SiblingUpdateTest, NewRecipeFrees) {
  PlanReleases(4);
  Fail("1");
  Fail("2");
  EXPECT_EQ(States(), "xx#p");
  Plan({PlanOf("1", "b"), PlanOf("2", "b")});
  EXPECT_EQ(States(), "pppp");
}

TEST_F(SiblingUpdateTest, RetiredFailuresDoNotCount) {
  PlanReleases(4);
  Fail("1");
  Fail("2");
  Plan({PlanOf("1"), PlanOf("3"), PlanOf("4")}, "next");
  release::v1::RetireCellsRequest request;
  request.set_plan_id("next");
  request.add_channels("6.1-cloud");
  EXPECT_THAT(Apply(*store_, RetireCells, request), IsOk());
  EXPECT_EQ(States(), "xrpp");
}

TEST_F(SiblingUpdateTest, RetriedCellIsNotBlockedAgain) {
  PlanReleases(6);
  Fail("1");
  Fail("2");
  EXPECT_EQ(States(), "xx###p");
  release::v1::RetryCellRequest request;
  request.set_id(IdOf("4"));
  GANTRY_ASSERT_OK_AND_ASSIGN(const Cell retried,
                              Apply(*store_, RetryCell, request));
  EXPECT_EQ(retried.state(), release::v1::CELL_STATE_PLANNED);
  EXPECT_EQ(States(), "xx#p#p");
  Fail("6");
  EXPECT_EQ(States(), "xx#p#x");
  // It helps the others if it is built.
  Record("4");
  EXPECT_EQ(States(), "xxpPpx");
}

TEST_F(SiblingUpdateTest, RetryOfAFailureIsNotBlocked) {
  PlanReleases(4);
  Fail("1");
  Fail("2");
  Fail("4");
  release::v1::RetryCellRequest request;
  request.set_id(IdOf("2"));
  EXPECT_THAT(Apply(*store_, RetryCell, request), IsOk());
  EXPECT_EQ(States(), "xp#x");
}

TEST_F(SiblingUpdateTest, ReleasedCellMayBeBlocked) {
  PlanReleases(4);
  const Cell third = Claim("3");
  Fail("1");
  Fail("2");
  EXPECT_EQ(States(), "xxbp");
  release::v1::ReleaseLeaseRequest request;
  request.mutable_lease()->set_id(third.id());
  request.mutable_lease()->set_fencing_token(third.lease().fencing_token());
  GANTRY_ASSERT_OK_AND_ASSIGN(const Cell released,
                              Apply(*store_, ReleaseLease, request));
  EXPECT_EQ(released.state(), release::v1::CELL_STATE_BLOCKED);
  EXPECT_EQ(States(), "xx#p");
}

TEST_F(SiblingUpdateTest, ParkedCellIsNotWaitedFor) {
  PlanReleases(5);
  Fail("4");
  Fail("5");
  EXPECT_EQ(States(), "p##xx");
  for (int i = 0; i < 5; ++i) {
    Claim("1");
    seconds_ += 601;
  }
  release::v1::ClaimCellsRequest request;
  request.set_worker("worker");
  request.add_ids(IdOf("1"));
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto claimed,
                              Apply(*store_, ClaimCells, request));
  EXPECT_THAT(claimed.cells(), IsEmpty());
  EXPECT_EQ(States(), "xp#xx");
}

TEST_F(SiblingUpdateTest, OtherDriversAreNotBlocked) {
  PlanReleases(4);
  CellPlan proprietary = PlanOf("3");
  proprietary.mutable_coordinates()->set_flavour(
      cell::v1::DRIVER_FLAVOUR_PROPRIETARY);
  CellPlan newer = PlanOf("3");
  newer.mutable_coordinates()->set_version("550.1");
  Plan({proprietary, newer});
  Fail("1");
  Fail("2");
  EXPECT_EQ(Get("3").state(), release::v1::CELL_STATE_BLOCKED);
  for (const CellPlan& plan : {proprietary, newer}) {
    EXPECT_EQ(store_->Get(CellId(plan.coordinates()))->state(),
              release::v1::CELL_STATE_PLANNED);
  }
}

TEST_F(SiblingUpdateTest, DemandLiftsBlockedOncePerRecipe) {
  PlanReleases(5);
  Fail("1");
  Fail("2");
  EXPECT_EQ(States(), "xx##p");
  AddDemandFor("3");
  AddDemandFor("3");
  EXPECT_EQ(States(), "xxp#p");
  EXPECT_EQ(Get("3").demand(), 6);
  EXPECT_EQ(Get("3").reason(), "");
  EXPECT_EQ(Get("3").unblocked_recipe_digest(), PlanOf("3").recipe().digest());
  EXPECT_THAT(EventsOf(release::v1::EVENT_KIND_UNBLOCKED),
              ElementsAre(IdOf("3")));
  Fail("3");
  EXPECT_EQ(States(), "xxx#p");
  // With another recipe it may be blocked, and is lifted, again.
  Plan({PlanOf("3", "b")});
  EXPECT_EQ(States(), "xx##p");
  AddDemandFor("3");
  EXPECT_EQ(States(), "xxp#p");
}

TEST_F(SiblingUpdateTest, RevisionEndsDemand) {
  PlanReleases(1);
  AddDemandFor("1");
  EXPECT_EQ(Get("1").demand(), 3);
  Record("1");
  EXPECT_EQ(Get("1").demand(), 0);
  // Such a request is late.
  AddDemandFor("1");
  EXPECT_EQ(Get("1").demand(), 0);
}

TEST_F(SiblingUpdateTest, DemandOfAnUnknownCellIsIgnored) {
  AddDemandFor("1");
  EXPECT_EQ(States(), "");
}

TEST_F(SiblingUpdateTest, EventsGiveTheStates) {
  PlanReleases(6);
  Fail("3");
  Fail("4");
  Record("1");
  AddDemandFor("5");
  const auto dump = [&] {
    std::vector<std::string> records;
    for (const Cell& cell : Cells())
      records.push_back(cell.SerializeAsString());
    return records;
  };
  const std::vector<std::string> before = dump();
  EXPECT_EQ(States(), "Ppxxpp");
  ASSERT_THAT(store_->WriteAndWait(
                  [](CellTable& table, absl::Time) { return table.Rebuild(); }),
              IsOk());
  EXPECT_EQ(dump(), before);
}

}  // namespace
}  // namespace gantry::service
