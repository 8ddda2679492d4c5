// Fails every write, sync, truncation and deletion of a history in turn, with
// and without a power cut after it.

#include <sqlite3.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/temp_dir.h"
#include "gtest/gtest.h"
#include "release/service/store/cell_store.h"
#include "release/service/store/fault_vfs.h"
#include "release/service/store/mutations.h"
#include "release/service/store/store_test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Cell;

// Drives a store on the FaultVfs, and remembers what it acknowledged.
class History {
 public:
  explicit History(std::string path) : path_(std::move(path)) {}

  // Opens, works, and closes, which checkpoints; twice.
  void Run() {
    for (int round = 0; round < 2; ++round) {
      CellStoreOptions options;
      options.vfs = FaultVfs::kName;
      auto store = CellStore::Open(path_, options);
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

  // What a reader must find: the acknowledged state of each cell, or a later
  // one that was asked for but not acknowledged.
  void Check(CellStore& store) const {
    for (const auto& [id, cell] : acknowledged_) {
      const auto found = store.Get(id);
      ASSERT_TRUE(found.ok()) << found.status();
      if (in_doubt_.count(id) == 0) {
        EXPECT_EQ(found->SerializeAsString(), cell.SerializeAsString());
      }
    }
    const auto all = store.List(CellFilter(), "", 1000, 1 << 20);
    ASSERT_TRUE(all.ok()) << all.status();
    for (const Cell& cell : *all) {
      EXPECT_TRUE(acknowledged_.count(cell.id()) || in_doubt_.count(cell.id()));
      EXPECT_EQ(cell.has_payload(),
                cell.state() == release::v1::CELL_STATE_BUILT);
      EXPECT_EQ(cell.has_lease(),
                cell.state() == release::v1::CELL_STATE_BUILDING);
    }
    CheckPlansAreWhole(store);
  }

  int64_t newest_token() const { return newest_token_; }

 private:
  // The three cells of a PlanCells are all there or none.
  void CheckPlansAreWhole(CellStore& store) const {
    for (int base : {0, 10}) {
      // Cell `base` may also come from its own publication.
      EXPECT_EQ(store.Get(TestId(base + 1)).ok(),
                store.Get(TestId(base + 2)).ok());
    }
  }

  void Settle(const absl::Status& status, const std::vector<std::string>& ids,
              const std::vector<Cell>& cells) {
    if (!status.ok()) {
      in_doubt_.insert(ids.begin(), ids.end());
      return;
    }
    for (const Cell& cell : cells) {
      acknowledged_[cell.id()] = cell;
      in_doubt_.erase(cell.id());
    }
  }

  void Plan(const std::vector<int>& numbers) {
    release::v1::PlanCellsRequest request;
    std::vector<std::string> ids;
    for (int number : numbers) {
      *request.add_cell() = TestPlan(number);
      ids.push_back(TestId(number));
    }
    release::v1::PlanCellsResponse response;
    const absl::Status status =
        store_->WriteAndWait([&](CellTable& table, absl::Time now) {
          return PlanCells(table, request, now, response);
        });
    Settle(status, ids, {response.cell().begin(), response.cell().end()});
  }

  void Publish(int number) {
    Cell cell;
    const absl::Status status =
        store_->WriteAndWait([&](CellTable& table, absl::Time now) {
          return PublishPayload(table, TestPublication(number), now, cell);
        });
    Settle(status, {TestId(number)}, {cell});
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
    std::vector<std::string> ids;
    for (const Cell& cell : response.cell()) {
      ids.push_back(cell.id());
      if (status.ok()) newest_token_ = cell.lease().fencing_token();
    }
    Settle(status, ids, {response.cell().begin(), response.cell().end()});
  }

  void Fail(int number) {
    release::v1::FailAttemptRequest request;
    request.set_id(TestId(number));
    request.set_fencing_token(newest_token_);
    request.set_reason("no luck");
    Cell cell;
    const absl::Status status =
        store_->WriteAndWait([&](CellTable& table, absl::Time now) {
          return FailAttempt(table, request, now, cell);
        });
    Settle(status, {TestId(number)}, {cell});
  }

  const std::string path_;
  std::unique_ptr<CellStore> store_;
  std::map<std::string, Cell> acknowledged_;
  std::set<std::string> in_doubt_;
  int64_t newest_token_ = 0;
};

struct FaultCase {
  std::string name;
  int sqlite_code;
  bool for_good;
  bool power_cut;
};

class CellStoreFaultTest : public testing::TestWithParam<FaultCase> {};

// Runs the history with the fault at operation `n`; returns how many
// operations there were.
int64_t RunHistory(const FaultCase& fault, int64_t n) {
  auto dir = TempDir::Create();
  EXPECT_TRUE(dir.ok()) << dir.status();
  const std::string path = dir->path() + "/release.db";
  FaultVfs& vfs = FaultVfs::Get();
  vfs.Reset();
  vfs.FailAt(n, fault.sqlite_code, fault.for_good);
  History history(path);
  history.Run();
  const int64_t operations = vfs.operations();
  if (fault.power_cut) vfs.CutPower();

  vfs.Reset();
  CellStoreOptions options;
  options.vfs = FaultVfs::kName;
  auto store = CellStore::Open(path, options);
  EXPECT_TRUE(store.ok()) << store.status();
  if (!store.ok()) return operations;
  history.Check(**store);
  // It works on, and tokens keep growing.
  release::v1::PlanCellsRequest plan;
  *plan.add_cell() = TestPlan(99);
  release::v1::PlanCellsResponse planned;
  release::v1::ClaimCellsRequest claim;
  claim.set_worker("later");
  claim.add_id(TestId(99));
  release::v1::ClaimCellsResponse claimed;
  const absl::Status status =
      (*store)->WriteAndWait([&](CellTable& table, absl::Time now) {
        const absl::Status status = PlanCells(table, plan, now, planned);
        return status.ok() ? ClaimCells(table, claim, now, claimed) : status;
      });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_GT(claimed.cell(0).lease().fencing_token(), history.newest_token());
  return operations;
}

TEST_P(CellStoreFaultTest, WhatWasAcknowledgedIsThereWhateverFails) {
  int64_t n = 1;
  // Until the history is over before the fault comes.
  while (RunHistory(GetParam(), n) >= n) {
    if (HasFailure()) FAIL() << "with a fault at operation " << n;
    ++n;
  }
  EXPECT_GT(n, 50);
}

INSTANTIATE_TEST_SUITE_P(All, CellStoreFaultTest,
                         testing::ValuesIn(std::vector<FaultCase>{
                             {"WriteErrorOnce", SQLITE_IOERR_WRITE, false,
                              false},
                             {"DiskFullOnce", SQLITE_FULL, false, false},
                             {"DiskFullForGood", SQLITE_FULL, true, false},
                             {"PowerCut", SQLITE_IOERR_FSYNC, true, true},
                         }),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace gantry::service
