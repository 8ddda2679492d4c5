// Performs a sequence of calls on a store, and fails each write, sync,
// truncation and deletion in turn, with and without a power cut after it.

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/attempt.pb.h"
#include "proto/cell.pb.h"
#include "proto/release_service.pb.h"
#include "release/service/store/cell_store.h"
#include "release/service/store/cell_table.h"
#include "release/service/store/fault_vfs.h"
#include "release/service/store/mutations.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestPlan;
using ::gantry::fixtures::TestRevision;
using ::gantry::release::v1::Cell;

absl::StatusOr<std::unique_ptr<CellStore>> OpenOnFaultVfs(
    const std::string& path) {
  CellStoreOptions options;
  options.vfs = FaultVfs::kName;
  return CellStore::Open(path, options);
}

// Makes calls to a store, and remembers what the store acknowledged.
class History {
 public:
  explicit History(std::string path) : path_(std::move(path)) {}

  // Opens the store, makes calls, and closes it, which checkpoints; twice.
  void Run() {
    for (int round = 0; round < 2; ++round) {
      auto store = OpenOnFaultVfs(path_);
      if (!store.ok()) continue;
      store_ = *std::move(store);
      const int base = 10 * round;
      Plan({base, base + 1, base + 2});
      Publish(base);
      ClaimOne("worker");
      Fail(base + 1);
      Publish(base + 3);
      ClaimOne("other");
      store_.reset();
    }
  }

  // Checks that the store has the acknowledged state of each cell, or a later
  // one whose call failed.
  void Check(CellStore& store) const {
    for (const auto& [id, cell] : acknowledged_) {
      GANTRY_ASSERT_OK_AND_ASSIGN(const Cell found, store.Get(id));
      if (in_doubt_.count(id) == 0) {
        EXPECT_EQ(found.SerializeAsString(), cell.SerializeAsString());
      }
    }
    GANTRY_ASSERT_OK_AND_ASSIGN(const std::vector<Cell> all,
                                store.List(CellFilter(), "", 1000, 1 << 20));
    for (const Cell& cell : all) {
      EXPECT_TRUE(acknowledged_.count(cell.id()) || in_doubt_.count(cell.id()));
      EXPECT_EQ(cell.has_payload(),
                cell.state() == release::v1::CELL_STATE_BUILT);
      EXPECT_EQ(cell.has_lease(),
                cell.state() == release::v1::CELL_STATE_BUILDING);
    }
    CheckPlansAreAtomic(store);
  }

  int64_t newest_token() const { return newest_token_; }

 private:
  // A PlanCells call stores all of its three cells or none.
  void CheckPlansAreAtomic(CellStore& store) const {
    for (int base : {0, 10}) {
      // Cell `base` is left out: publishing may have stored it, too.
      EXPECT_EQ(store.Get(TestId(base + 1)).ok(),
                store.Get(TestId(base + 2)).ok());
    }
  }

  void Acknowledge(const Cell& cell) {
    acknowledged_[cell.id()] = cell;
    in_doubt_.erase(cell.id());
  }

  void Plan(const std::vector<int>& numbers) {
    release::v1::PlanCellsRequest request;
    for (int number : numbers) *request.add_plans() = TestPlan(number);
    const auto response = Apply(*store_, PlanCells, request);
    for (int number : numbers) in_doubt_.insert(TestId(number));
    if (!response.ok()) return;
    for (const Cell& cell : response->cells()) Acknowledge(cell);
  }

  void Publish(int number) {
    const auto cell = Apply(*store_, RecordRevision, TestRevision(number));
    in_doubt_.insert(TestId(number));
    if (cell.ok()) Acknowledge(cell->cell());
  }

  void ClaimOne(const std::string& worker) {
    release::v1::ClaimCellsRequest request;
    request.set_worker(worker);
    request.set_max_cells(1);
    release::v1::ClaimCellsResponse response;
    const absl::Status status =
        store_->WriteAndWait([&](CellTable& table, absl::Time now) {
          return ClaimCells(table, request, now, response);
        });
    // A failed claim also says which cell it chose.
    for (const Cell& cell : response.cells()) {
      in_doubt_.insert(cell.id());
      if (!status.ok()) continue;
      newest_token_ = cell.lease().fencing_token();
      Acknowledge(cell);
    }
  }

  void Fail(int number) {
    release::v1::FailAttemptRequest request;
    request.mutable_lease()->set_id(TestId(number));
    request.mutable_lease()->set_fencing_token(newest_token_);
    request.mutable_failure()->set_reason("compile error");
    request.mutable_failure()->set_class_(
        release::v1::FAILURE_CLASS_INFRASTRUCTURE);
    const auto cell = Apply(*store_, FailAttempt, request);
    in_doubt_.insert(TestId(number));
    if (cell.ok()) Acknowledge(*cell);
  }

  const std::string path_;
  std::unique_ptr<CellStore> store_;
  std::map<std::string, Cell> acknowledged_;
  // Cells that a failed call may have changed.
  std::set<std::string> in_doubt_;
  int64_t newest_token_ = 0;
};

// Checks that the store accepts writes, and that tokens keep growing.
void CheckStoreWorks(CellStore& store, int64_t newest_token) {
  release::v1::PlanCellsRequest plan;
  *plan.add_plans() = TestPlan(99);
  ASSERT_THAT(Apply(store, PlanCells, plan), IsOk());
  release::v1::ClaimCellsRequest claim;
  claim.set_worker("later");
  claim.add_ids(TestId(99));
  GANTRY_ASSERT_OK_AND_ASSIGN(const release::v1::ClaimCellsResponse claimed,
                              Apply(store, ClaimCells, claim));
  EXPECT_GT(claimed.cells(0).lease().fencing_token(), newest_token);
}

struct FaultTestCase {
  std::string name;
  int sqlite_code;
  bool permanent;
  bool power_cut;
};

class CellStoreFaultTest : public testing::TestWithParam<FaultTestCase> {
 protected:
  // Runs a history with the fault at operation `n`, and checks what survives
  // it.  Sets the number of operations.
  void RunHistory(int64_t n, int64_t& operations) {
    const TestDatabase database;
    FaultVfs& vfs = FaultVfs::Get();
    vfs.Reset();
    vfs.FailAt(n, GetParam().sqlite_code, GetParam().permanent);
    History history(database.path());
    history.Run();
    operations = vfs.operations();
    if (GetParam().power_cut) vfs.CutPower();

    vfs.Reset();
    GANTRY_ASSERT_OK_AND_ASSIGN(const auto store,
                                OpenOnFaultVfs(database.path()));
    history.Check(*store);
    CheckStoreWorks(*store, history.newest_token());
  }
};

TEST_P(CellStoreFaultTest, AcknowledgedWritesSurvive) {
  int64_t n = 0;
  int64_t operations = 0;
  do {
    ++n;
    SCOPED_TRACE(testing::Message() << "fault at operation " << n);
    RunHistory(n, operations);
    if (HasFailure()) return;
    // Later the history completes before the fault.
  } while (operations >= n);
  EXPECT_GT(n, 50);
}

INSTANTIATE_TEST_SUITE_P(
    All, CellStoreFaultTest,
    testing::ValuesIn(std::vector<FaultTestCase>{
        {"OneWriteError", SQLITE_IOERR_WRITE, /*permanent=*/false,
         /*power_cut=*/false},
        {"DiskFullOnce", SQLITE_FULL, /*permanent=*/false,
         /*power_cut=*/false},
        {"DiskStaysFull", SQLITE_FULL, /*permanent=*/true,
         /*power_cut=*/false},
        {"PowerCut", SQLITE_IOERR_FSYNC, /*permanent=*/true,
         /*power_cut=*/true},
    }),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace gantry::service
