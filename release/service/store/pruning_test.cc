#include "release/service/store/pruning.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/digest.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/attempt.pb.h"
#include "proto/cell.pb.h"
#include "proto/release_service.pb.h"
#include "proto/revision.pb.h"
#include "release/service/rpc_status/error_details.h"
#include "release/service/store/cell_store.h"
#include "release/service/store/cell_table.h"
#include "release/service/store/heads.h"
#include "release/service/store/mutations.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_cells.h"
#include "tests/fixtures/test_channels.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestCoordinates;
using ::gantry::fixtures::TestHeadMove;
using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestPlan;
using ::gantry::fixtures::TestRevision;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::Revision;
using ::testing::SizeIs;

class PruningTest : public testing::Test {
 protected:
  void SetUp() override {
    CellStoreOptions options;
    options.clock = [this] { return now_; };
    GANTRY_ASSERT_OK_AND_ASSIGN(store_,
                                CellStore::Open(database_.path(), options));
  }

  void Plan(int number) {
    release::v1::PlanCellsRequest request;
    *request.add_plans() = TestPlan(number);
    ASSERT_THAT(Apply(*store_, PlanCells, request), IsOk());
  }

  void Retire() {
    release::v1::RetireCellsRequest request;
    request.set_plan_id("later");
    request.add_channels("6.1-cloud");
    ASSERT_THAT(Apply(*store_, RetireCells, request), IsOk());
  }

  void Record(const std::string& content) {
    ASSERT_THAT(Apply(*store_, RecordRevision, TestRevision(1, content)),
                IsOk());
  }

  // Makes the OS release of all test cells one of a channel's.
  void AddToHead() {
    auto request = TestHeadMove(0, {"4152.2.0"});
    auto& release = *request.mutable_head()->add_releases();
    release.set_name(TestCoordinates(1).os_release());
    release.set_version("1");
    ASSERT_THAT(Apply(*store_, MoveChannelHead, request), IsOk());
  }

  absl::StatusOr<Revision> Prune(int number) {
    release::v1::PruneRevisionRequest request;
    request.set_id(TestId(1));
    request.set_number(number);
    return Apply(*store_, PruneRevision, request);
  }

  void ExpectInUse(int number, const std::string& why) {
    const auto pruned = Prune(number);
    EXPECT_THAT(pruned, StatusIs(absl::StatusCode::kFailedPrecondition,
                                 absl::StrCat("revision ", number, " of ",
                                              TestId(1), " is in use: ", why)));
    EXPECT_EQ(GetDetail<google::rpc::ErrorInfo>(pruned.status())->reason(),
              "REVISION_IN_USE");
  }

  Cell GetCell() {
    auto cell = store_->Get(TestId(1));
    EXPECT_THAT(cell, IsOk());
    return *std::move(cell);
  }

  // Fails an attempt to build a new cell with this log.
  void FailWithLog(int number, const std::string& log) {
    Plan(number);
    release::v1::ClaimCellsRequest claim;
    claim.set_worker("worker");
    claim.add_ids(TestId(number));
    GANTRY_ASSERT_OK_AND_ASSIGN(const auto claimed,
                                Apply(*store_, ClaimCells, claim));
    ASSERT_THAT(claimed.cells(), SizeIs(1));
    release::v1::FailAttemptRequest request;
    request.mutable_lease()->set_id(TestId(number));
    request.mutable_lease()->set_fencing_token(
        claimed.cells(0).lease().fencing_token());
    request.mutable_failure()->set_class_(
        release::v1::FAILURE_CLASS_DETERMINISTIC);
    request.mutable_failure()->set_reason("no");
    request.set_log(log);
    ASSERT_THAT(Apply(*store_, FailAttempt, request), IsOk());
  }

  int PruneLogsBefore(absl::Time time) {
    release::v1::PruneLogsRequest request;
    *request.mutable_before_time() = ToTimestamp(time);
    const auto response = Apply(*store_, PruneLogs, request);
    EXPECT_THAT(response, IsOk());
    return response->count();
  }

  const TestDatabase database_;
  // Changes only while no write runs.
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  std::unique_ptr<CellStore> store_;
};

TEST_F(PruningTest, OlderRevisionIsPrunedOnce) {
  Plan(1);
  Record("a");
  Record("b");
  AddToHead();
  GANTRY_ASSERT_OK_AND_ASSIGN(const Revision pruned, Prune(1));
  EXPECT_EQ(pruned.number(), 1);
  EXPECT_EQ(pruned.payload().digest(), Sha256Digest("a"));
  EXPECT_FALSE(pruned.payload().has_proof());
  EXPECT_EQ(ToTime(pruned.prune_time()), now_);

  now_ += absl::Hours(1);
  GANTRY_ASSERT_OK_AND_ASSIGN(const Revision again, Prune(1));
  EXPECT_EQ(again.SerializeAsString(), pruned.SerializeAsString());
  EXPECT_EQ(GetCell().payload().digest(), Sha256Digest("b"));
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto revisions,
                              store_->ListRevisions(TestId(1)));
  ASSERT_THAT(revisions, SizeIs(2));
  EXPECT_FALSE(revisions[0].has_prune_time());
  EXPECT_TRUE(revisions[1].payload().has_proof());
}

TEST_F(PruningTest, NewestRevisionIsInUseUntilItsCellIsRetiredEverywhere) {
  Plan(1);
  Record("a");
  AddToHead();
  ExpectInUse(1, "it is the newest, and the cell is not retired");
  Retire();
  ExpectInUse(1, "a channel has its OS release");
  ASSERT_THAT(Apply(*store_, MoveChannelHead, TestHeadMove(1, {"4230.2.0"})),
              IsOk());
  EXPECT_THAT(Prune(1), IsOk());
  EXPECT_EQ(GetCell().revision(), 1);
  EXPECT_FALSE(GetCell().has_payload());
}

TEST_F(PruningTest, UnknownRevisionIsNotFound) {
  EXPECT_THAT(Prune(1), StatusIs(absl::StatusCode::kNotFound));
  Plan(1);
  Record("a");
  EXPECT_THAT(Prune(2),
              StatusIs(absl::StatusCode::kNotFound,
                       absl::StrCat("cell ", TestId(1), " has no revision 2")));
}

// A retired cell whose newest revision was pruned is wanted again.
class WantedAgainTest : public PruningTest {
 protected:
  void SetUp() override {
    PruningTest::SetUp();
    Plan(1);
    Record("a");
    Retire();
    ASSERT_THAT(Prune(1), IsOk());
    Plan(1);
  }
};

TEST_F(WantedAgainTest, CellIsBuiltAgain) {
  EXPECT_EQ(GetCell().state(), release::v1::CELL_STATE_PLANNED);
  EXPECT_FALSE(GetCell().has_payload());
}

TEST_F(WantedAgainTest, SameImageIsKeptAgain) {
  Record("a");
  const Cell cell = GetCell();
  EXPECT_EQ(cell.state(), release::v1::CELL_STATE_BUILT);
  EXPECT_EQ(cell.revision(), 1);
  EXPECT_EQ(cell.payload().digest(), Sha256Digest("a"));
}

TEST_F(WantedAgainTest, AnotherImageOfTheContentIsTheNextRevision) {
  auto request = TestRevision(1, "other image");
  request.set_content_digest(Sha256Digest("a"));
  ASSERT_THAT(Apply(*store_, RecordRevision, request), IsOk());
  const Cell cell = GetCell();
  EXPECT_EQ(cell.revision(), 2);
  EXPECT_EQ(cell.payload().digest(), Sha256Digest("other image"));
}

TEST_F(PruningTest, LogsAreReturnedByAttempt) {
  FailWithLog(1, "first log");
  release::v1::RetryCellRequest retry;
  retry.set_id(TestId(1));
  ASSERT_THAT(Apply(*store_, RetryCell, retry), IsOk());
  FailWithLog(1, "second log");
  ASSERT_THAT(Apply(*store_, RetryCell, retry), IsOk());
  FailWithLog(1, "");

  GANTRY_ASSERT_OK_AND_ASSIGN(const AttemptLog newest,
                              store_->GetLog(TestId(1), 0));
  EXPECT_EQ(newest.content, "second log");
  EXPECT_EQ(newest.attempt.fencing_token(), 2);
  EXPECT_EQ(newest.attempt.log_digest(), Sha256Digest("second log"));
  GANTRY_ASSERT_OK_AND_ASSIGN(const AttemptLog first,
                              store_->GetLog(TestId(1), 1));
  EXPECT_EQ(first.content, "first log");
  EXPECT_THAT(store_->GetLog(TestId(1), 3),
              StatusIs(absl::StatusCode::kNotFound,
                       absl::StrCat("the service has no log of attempt 3 to "
                                    "build ",
                                    TestId(1))));
  EXPECT_THAT(store_->GetLog(TestId(2), 0),
              StatusIs(absl::StatusCode::kNotFound,
                       absl::StrCat("cell \"", TestId(2),
                                    "\" is neither planned nor built")));
}

TEST_F(PruningTest, EventsHaveNoLogs) {
  const std::string log(100'000, 'x');
  FailWithLog(1, log);
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto events,
                              store_->ListEvents(0, 10, 1 << 20));
  ASSERT_THAT(events, SizeIs(3));
  EXPECT_EQ(events[2].attempt().log_digest(), Sha256Digest(log));
  EXPECT_LT(events[2].ByteSizeLong(), 2000u);
}

TEST_F(PruningTest, LogIsDeletedOnceAllItsAttemptsEndedBefore) {
  const absl::Time start = now_;
  FailWithLog(1, "shared");
  FailWithLog(2, "old");
  now_ += absl::Hours(1);
  FailWithLog(3, "shared");
  EXPECT_EQ(PruneLogsBefore(start), 0);
  EXPECT_EQ(PruneLogsBefore(now_), 1);
  EXPECT_THAT(store_->GetLog(TestId(1), 0), IsOk());
  EXPECT_THAT(store_->GetLog(TestId(2), 0),
              StatusIs(absl::StatusCode::kNotFound,
                       absl::StrCat("the service has no log of ", TestId(2))));
  EXPECT_EQ(PruneLogsBefore(now_ + absl::Seconds(1)), 1);
  EXPECT_THAT(store_->GetLog(TestId(1), 0),
              StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace gantry::service
