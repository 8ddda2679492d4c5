#include "release/service/store/mutations.h"

#include <atomic>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "base/cell_name.h"
#include "base/digest.h"
#include "base/message_digest.h"
#include "base/status_macros.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/attempt.pb.h"
#include "proto/cell_plan.pb.h"
#include "proto/event.pb.h"
#include "release/service/store/cell_store.h"
#include "release/service/store/fragments.h"
#include "release/service/store/heads.h"
#include "release/service/store/pruning.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_cells.h"
#include "tests/fixtures/test_channels.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestCoordinates;
using ::gantry::fixtures::TestFragment;
using ::gantry::fixtures::TestHeadMove;
using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestPlan;
using ::gantry::fixtures::TestRevision;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::CellPlan;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::SizeIs;

constexpr size_t kNoBytesLimit = 1 << 30;

class MutationsTest : public testing::Test {
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

  template <typename Request, typename Response>
  absl::StatusOr<Response> Run(Mutation<Request, Response> mutation,
                               const Request& request) {
    Response response;
    GANTRY_RETURN_IF_ERROR(
        store_->WriteAndWait([&](CellTable& table, absl::Time now) {
          return Once(mutation, table, request, now, response);
        }));
    return response;
  }

  void Plan(const std::vector<CellPlan>& plans, const std::string& id = "p") {
    release::v1::PlanCellsRequest request;
    request.mutable_plans()->Assign(plans.begin(), plans.end());
    request.set_plan_id(id);
    ASSERT_THAT(Run(PlanCells, request), IsOk());
  }

  std::vector<Cell> Claim(int max_cells,
                          const std::vector<std::string>& channels = {}) {
    release::v1::ClaimCellsRequest request;
    request.set_worker("worker");
    request.set_max_cells(max_cells);
    request.mutable_channels()->Assign(channels.begin(), channels.end());
    const auto response = Run(ClaimCells, request);
    EXPECT_THAT(response, IsOk());
    return {response->cells().begin(), response->cells().end()};
  }

  static std::vector<std::string> Ids(const std::vector<Cell>& cells) {
    std::vector<std::string> ids;
    for (const Cell& cell : cells) ids.push_back(cell.id());
    return ids;
  }

  const TestDatabase database_;
  std::atomic<int> seconds_ = 0;
  std::unique_ptr<CellStore> store_;
};

// Cell `number` of the OS release "flatcar-<release>".
CellPlan PlanOfRelease(int release, int number) {
  CellPlan plan = TestPlan(number);
  plan.mutable_coordinates()->set_os_release(absl::StrCat("flatcar-", release));
  return plan;
}

TEST_F(MutationsTest, OldestCellsAreClaimedFirst) {
  Plan({PlanOfRelease(2, 1)});
  seconds_ = 1;
  Plan({PlanOfRelease(1, 1)});
  EXPECT_THAT(Ids(Claim(1)),
              ElementsAre(CellId(PlanOfRelease(2, 1).coordinates())));
}

TEST_F(MutationsTest, PriorityComesBeforeAge) {
  Plan({PlanOfRelease(2, 1)});
  seconds_ = 1;
  CellPlan urgent = PlanOfRelease(1, 1);
  urgent.set_priority(1);
  Plan({urgent});
  EXPECT_THAT(Ids(Claim(1)), ElementsAre(CellId(urgent.coordinates())));
}

TEST_F(MutationsTest, DemandComesBeforePriority) {
  CellPlan urgent = PlanOfRelease(1, 1);
  urgent.set_priority(1);
  Plan({urgent, PlanOfRelease(2, 1), PlanOfRelease(3, 1)});
  const std::string id = CellId(PlanOfRelease(2, 1).coordinates());
  ASSERT_THAT(
      store_->WriteAndWait([&](CellTable& table, absl::Time) -> absl::Status {
        GANTRY_ASSIGN_OR_RETURN(absl::optional<Cell> cell, table.Find(id));
        cell->set_demand(5);
        return table.PutUnlogged(*cell);
      }),
      IsOk());
  EXPECT_THAT(Ids(Claim(2)), ElementsAre(id, CellId(urgent.coordinates())));
}

// Cells that wait for different reasons are ordered as one list.
TEST_F(MutationsTest, FailedAndLostCellsAreClaimedInOrderWithPlannedOnes) {
  CellPlan lost = PlanOfRelease(1, 1);
  lost.set_priority(3);
  CellPlan failed = PlanOfRelease(2, 1);
  failed.set_priority(2);
  CellPlan planned = PlanOfRelease(3, 1);
  planned.set_priority(1);
  Plan({lost, failed});
  const std::vector<Cell> claimed = Claim(2);
  ASSERT_THAT(claimed, SizeIs(2));
  release::v1::FailAttemptRequest request;
  request.mutable_lease()->set_id(claimed[1].id());
  request.mutable_lease()->set_fencing_token(
      claimed[1].lease().fencing_token());
  request.mutable_failure()->set_reason("no");
  request.mutable_failure()->set_class_(
      release::v1::FAILURE_CLASS_INFRASTRUCTURE);
  ASSERT_THAT(Run(FailAttempt, request), IsOk());
  Plan({planned, PlanOfRelease(4, 1)});
  EXPECT_THAT(Ids(Claim(1)), ElementsAre(CellId(planned.coordinates())));
  seconds_ = 3600;
  EXPECT_THAT(
      Ids(Claim(10)),
      ElementsAre(CellId(lost.coordinates()), CellId(failed.coordinates()),
                  CellId(planned.coordinates()),
                  CellId(PlanOfRelease(4, 1).coordinates())));
}

// A plan of cell `number` whose recipe has this epoch of the stage "compile".
CellPlan PlanWithEpoch(int number, int epoch) {
  CellPlan plan = TestPlan(number);
  auto& compile = *plan.mutable_recipe()->add_epochs();
  compile.set_stage("compile");
  compile.set_epoch(epoch);
  plan.mutable_recipe()->set_digest(RecipeDigest(plan.recipe()));
  return plan;
}

TEST_F(MutationsTest, OnlyRecipesWithTheEpochsOfTheWorkerAreClaimed) {
  Plan({TestPlan(1), PlanWithEpoch(2, 1), PlanWithEpoch(3, 2)});
  release::v1::ClaimCellsRequest request;
  request.set_worker("worker");
  auto& epoch = *request.add_epochs();
  epoch.set_stage("image");
  epoch.set_epoch(2);
  EXPECT_THAT(Run(ClaimCells, request)->cells(), IsEmpty());
  epoch.set_stage("compile");
  for (int number : {1, 2, 3}) request.add_ids(TestId(number));
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto named, Run(ClaimCells, request));
  ASSERT_THAT(named.cells(), SizeIs(1));
  EXPECT_EQ(named.cells(0).id(), TestId(3));
  request.clear_ids();
  epoch.set_epoch(1);
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto next, Run(ClaimCells, request));
  ASSERT_THAT(next.cells(), SizeIs(1));
  EXPECT_EQ(next.cells(0).id(), TestId(2));
  EXPECT_THAT(Ids(Claim(10)), ElementsAre(TestId(1)));
}

TEST_F(MutationsTest, OnlyCellsOfTheWorkersArchitecturesAreClaimed) {
  CellPlan arm = TestPlan(2);
  arm.mutable_coordinates()->set_architecture("arm64");
  Plan({TestPlan(1), arm});
  release::v1::ClaimCellsRequest request;
  request.set_worker("worker");
  request.add_architectures("riscv64");
  EXPECT_THAT(Run(ClaimCells, request)->cells(), IsEmpty());
  request.add_architectures("arm64");
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto claimed, Run(ClaimCells, request));
  ASSERT_THAT(claimed.cells(), SizeIs(1));
  EXPECT_EQ(claimed.cells(0).id(), CellId(arm.coordinates()));
}

TEST_F(MutationsTest, PlanOfALowerEpochPlansNothing) {
  Plan({PlanWithEpoch(1, 2)});
  release::v1::PlanCellsRequest request;
  *request.add_plans() = PlanWithEpoch(2, 1);
  *request.add_plans() = PlanWithEpoch(1, 1);
  EXPECT_THAT(Run(PlanCells, request),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(store_->Get(TestId(2)), StatusIs(absl::StatusCode::kNotFound));
  *request.mutable_plans(1) = PlanWithEpoch(1, 3);
  EXPECT_THAT(Run(PlanCells, request), IsOk());
}

TEST_F(MutationsTest, ListOfAttemptsStopsAtTheLimitOfBytes) {
  Plan({TestPlan(1)});
  Claim(1);
  seconds_ = 600;
  Claim(1);
  EXPECT_THAT(store_->ListAttempts(TestId(1), 10, 1), IsOkAndHolds(SizeIs(1)));
}

TEST_F(MutationsTest, CellsThatShareACompileAreClaimedTogether) {
  Plan({PlanOfRelease(2, 1)});
  seconds_ = 1;
  Plan({PlanOfRelease(1, 1), PlanOfRelease(1, 2), PlanOfRelease(2, 2)});
  EXPECT_THAT(Ids(Claim(2)),
              ElementsAre(CellId(PlanOfRelease(2, 1).coordinates()),
                          CellId(PlanOfRelease(2, 2).coordinates())));
}

TEST_F(MutationsTest, OnlyCellsOfTheChannelsAreClaimed) {
  CellPlan beta = PlanOfRelease(1, 1);
  beta.clear_channels();
  beta.add_channels("beta");
  beta.add_channels("edge");
  Plan({beta, PlanOfRelease(2, 1)});
  EXPECT_THAT(Claim(10, {"stable"}), IsEmpty());
  EXPECT_THAT(Ids(Claim(10, {"edge", "x"})),
              ElementsAre(CellId(beta.coordinates())));
}

TEST_F(MutationsTest, RenewedLeaseDoesNotExpire) {
  Plan({TestPlan(1)});
  const std::vector<Cell> claimed = Claim(1);
  ASSERT_THAT(claimed, SizeIs(1));
  release::v1::RenewLeasesRequest request;
  auto& lease = *request.add_leases();
  lease.set_id(TestId(1));
  lease.set_fencing_token(claimed[0].lease().fencing_token());
  seconds_ = 500;
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const auto renewed,
      (Apply<release::v1::RenewLeasesRequest, release::v1::RenewLeasesResponse>(
          *store_, RenewLeases, request)));
  EXPECT_EQ(renewed.leases_size(), 1);
  seconds_ = 1099;
  EXPECT_THAT(Claim(1), IsEmpty());
  seconds_ = 1100;
  EXPECT_THAT(Claim(1), SizeIs(1));
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const auto lost,
      (Apply<release::v1::RenewLeasesRequest, release::v1::RenewLeasesResponse>(
          *store_, RenewLeases, request)));
  EXPECT_EQ(lost.leases_size(), 0);
}

TEST_F(MutationsTest, LostLeaseIsAnAttempt) {
  Plan({TestPlan(1)});
  Claim(1);
  seconds_ = 600;
  Claim(1);
  GANTRY_ASSERT_OK_AND_ASSIGN(
      const auto attempts, store_->ListAttempts(TestId(1), 10, kNoBytesLimit));
  ASSERT_THAT(attempts, SizeIs(2));
  EXPECT_EQ(attempts[0].outcome(), release::v1::ATTEMPT_OUTCOME_UNSPECIFIED);
  EXPECT_EQ(attempts[1].outcome(), release::v1::ATTEMPT_OUTCOME_LOST);
}

TEST_F(MutationsTest, CellsOfOtherPlansAreRetired) {
  CellPlan other = PlanOfRelease(3, 1);
  other.clear_channels();
  other.add_channels("beta");
  Plan({PlanOfRelease(1, 1), PlanOfRelease(2, 1), other}, "first");
  Plan({PlanOfRelease(2, 1)}, "second");
  release::v1::RetireCellsRequest request;
  request.set_plan_id("second");
  request.add_channels("6.1-cloud");
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto retired, Run(RetireCells, request));
  EXPECT_THAT(retired.ids(),
              ElementsAre(CellId(PlanOfRelease(1, 1).coordinates())));
  EXPECT_THAT(Ids(Claim(10)),
              ElementsAre(CellId(PlanOfRelease(2, 1).coordinates()),
                          CellId(other.coordinates())));
}

TEST_F(MutationsTest, RepeatedRequestGetsTheFirstResponse) {
  Plan({TestPlan(1), TestPlan(2)});
  release::v1::ClaimCellsRequest request;
  request.set_worker("worker");
  request.set_max_cells(1);
  request.set_request_id("claim-1");
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto first, Run(ClaimCells, request));
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto again, Run(ClaimCells, request));
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());

  request.set_max_cells(2);
  EXPECT_THAT(Run(ClaimCells, request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "request_id: belongs to another request"));
  request.set_request_id("claim-2");
  EXPECT_THAT(Run(ClaimCells, request)->cells(), SizeIs(1));
}

TEST_F(MutationsTest, RequestThatFailedMayBeRepeated) {
  release::v1::RetryCellRequest request;
  request.set_id(TestId(1));
  request.set_request_id("retry");
  EXPECT_THAT(Run(RetryCell, request), StatusIs(absl::StatusCode::kNotFound));
  Plan({TestPlan(1)});
  EXPECT_THAT(Run(RetryCell, request), IsOk());
}

TEST_F(MutationsTest, ResponsesAreForgottenAfterADay) {
  Plan({TestPlan(1)});
  release::v1::RetryCellRequest request;
  request.set_id(TestId(1));
  request.set_request_id("old");
  ASSERT_THAT(Run(RetryCell, request), IsOk());
  seconds_ = 25 * 3600;
  release::v1::RetryCellRequest next = request;
  next.set_request_id("new");
  ASSERT_THAT(Run(RetryCell, next), IsOk());
  request.set_id(TestId(2));
  // The id is free again: this is another request.
  EXPECT_THAT(Run(RetryCell, request), StatusIs(absl::StatusCode::kNotFound));
}

// Whatever happens, the records are those that the events give.
TEST_F(MutationsTest, EventsGiveTheRecords) {
  std::mt19937 random(7);
  const auto pick = [&](int n) { return static_cast<int>(random() % n); };
  for (int step = 0; step < 600; ++step) {
    seconds_ += pick(300);
    const int number = pick(5);
    const Cell cell = store_->Get(TestId(number)).value_or(Cell());
    release::v1::LeaseReference lease;
    lease.set_id(TestId(number));
    lease.set_fencing_token(cell.lease().fencing_token());
    switch (pick(9)) {
      case 0: {
        CellPlan plan = TestPlan(number);
        auto& fragment = *plan.mutable_recipe()->add_fragments();
        fragment.set_digest(Sha256Digest(absl::StrCat(pick(3))));
        plan.mutable_recipe()->set_digest(RecipeDigest(plan.recipe()));
        if (pick(8) == 0) plan.set_exclusion_reason("excluded");
        Plan({plan}, absl::StrCat(pick(3)));
        break;
      }
      case 1:
        Claim(1 + pick(2));
        break;
      case 2: {
        auto request = TestRevision(number, absl::StrCat(pick(4)),
                                    cell.lease().fencing_token());
        request.set_recipe_digest(cell.wanted_recipe().digest());
        (void)Run(RecordRevision, request);
        break;
      }
      case 3: {
        release::v1::FailAttemptRequest request;
        *request.mutable_lease() = lease;
        request.mutable_failure()->set_reason("no");
        request.mutable_failure()->set_class_(
            pick(2) == 0 ? release::v1::FAILURE_CLASS_DETERMINISTIC
                         : release::v1::FAILURE_CLASS_INFRASTRUCTURE);
        request.set_log(absl::StrCat("log ", pick(3)));
        (void)Run(FailAttempt, request);
        break;
      }
      case 4: {
        release::v1::ReleaseLeaseRequest request;
        *request.mutable_lease() = lease;
        (void)Run(ReleaseLease, request);
        break;
      }
      case 5: {
        release::v1::PutFragmentsRequest request;
        auto& fragment = *request.add_fragments();
        fragment = TestFragment(absl::StrCat(pick(3)));
        fragment.mutable_sources()->mutable_driver()->mutable_source()->set_url(
            absl::StrCat("https://mirror.example/", pick(2)));
        (void)Run(PutFragments, request);
        break;
      }
      case 6: {
        const auto heads = store_->ListHeads();
        ASSERT_THAT(heads, IsOk());
        auto request =
            TestHeadMove(heads->empty() ? 0 : heads->front().version(),
                         {absl::StrCat("4230.", pick(3), ".0")});
        request.set_allow_rollback(pick(2) == 0);
        (void)Run(MoveChannelHead, request);
        break;
      }
      case 7: {
        release::v1::PruneRevisionRequest request;
        request.set_id(TestId(number));
        request.set_number(1 + pick(3));
        if (pick(3) == 0) {
          release::v1::RetireCellsRequest retirement;
          retirement.set_plan_id("none");
          retirement.add_channels("6.1-cloud");
          (void)Run(RetireCells, retirement);
          request.set_number(cell.revision());
        }
        (void)Run(PruneRevision, request);
        break;
      }
      default: {
        release::v1::RetryCellRequest request;
        request.set_id(TestId(number));
        (void)Run(RetryCell, request);
      }
    }
  }
  const auto dump = [&] {
    std::vector<std::string> records;
    const auto cells = store_->List(CellFilter(), "", 1000, 1 << 30);
    EXPECT_THAT(cells, IsOk());
    for (const Cell& cell : *cells) {
      records.push_back(cell.SerializeAsString());
      const auto revisions = store_->ListRevisions(cell.id());
      EXPECT_THAT(revisions, IsOk());
      for (const auto& revision : *revisions) {
        records.push_back(revision.SerializeAsString());
      }
      const auto attempts =
          store_->ListAttempts(cell.id(), 1000, kNoBytesLimit);
      EXPECT_THAT(attempts, IsOk());
      for (const auto& attempt : *attempts) {
        records.push_back(attempt.SerializeAsString());
      }
    }
    const auto heads = store_->ListHeads();
    EXPECT_THAT(heads, IsOk());
    for (const auto& head : *heads) records.push_back(head.SerializeAsString());
    const auto fragments = store_->GetFragments(
        {Sha256Digest("0"), Sha256Digest("1"), Sha256Digest("2")},
        kNoBytesLimit);
    EXPECT_THAT(fragments, IsOk());
    for (const auto& fragment : *fragments) {
      records.push_back(fragment.SerializeAsString());
    }
    return records;
  };
  const std::vector<std::string> before = dump();
  ASSERT_GT(before.size(), 50u);
  ASSERT_THAT(store_->WriteAndWait(
                  [](CellTable& table, absl::Time) { return table.Rebuild(); }),
              IsOk());
  EXPECT_EQ(dump(), before);

  // Each kind of event that these calls make was among them.
  std::set<int> kinds;
  const auto events = store_->ListEvents(0, 10'000, kNoBytesLimit);
  ASSERT_THAT(events, IsOk());
  for (const auto& event : *events) kinds.insert(event.kind());
  EXPECT_THAT(kinds, IsSupersetOf({release::v1::EVENT_KIND_FRAGMENT_PUT,
                                   release::v1::EVENT_KIND_HEAD_MOVED,
                                   release::v1::EVENT_KIND_PRUNED,
                                   release::v1::EVENT_KIND_RETIRED,
                                   release::v1::EVENT_KIND_LOST,
                                   release::v1::EVENT_KIND_CONFIRMED}));
}

}  // namespace
}  // namespace gantry::service
