// Compares the store with plain SQLite of the same durability.  TEST_TMPDIR
// selects the disk.

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "proto/attempt.pb.h"
#include "proto/cell.pb.h"
#include "proto/cell_plan.pb.h"
#include "proto/release_service.pb.h"
#include "release/service/store/cell_store.h"
#include "release/service/store/limits.h"
#include "release/service/store/mutations.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestPlan;
using ::gantry::fixtures::TestRevision;

struct OpenStore {
  TestDatabase database;
  std::unique_ptr<CellStore> store = *CellStore::Open(database.path());
  std::atomic<int> next{0};
};

OpenStore* shared = nullptr;

void SetUpStore(const benchmark::State&) { shared = new OpenStore; }
void TearDownStore(const benchmark::State&) { delete shared; }

template <typename Result>
void Check(benchmark::State& state, const absl::StatusOr<Result>& result) {
  if (!result.ok()) state.SkipWithError(result.status().ToString().c_str());
}

void RecordOne(benchmark::State& state) {
  Check(state,
        Apply(*shared->store, RecordRevision, TestRevision(shared->next++)));
}

// Concurrent workers share commits.
void BM_RecordRevision(benchmark::State& state) {
  for (auto _ : state) RecordOne(state);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_RecordRevision)
    ->Setup(SetUpStore)
    ->Teardown(TearDownStore)
    ->ThreadRange(1, 64)
    ->UseRealTime();

// A cell's next revision, of which it has `range(0)`.
void BM_RecordNextRevision(benchmark::State& state) {
  int content = 0;
  const auto record = [&] {
    Check(state, Apply(*shared->store, RecordRevision,
                       TestRevision(0, absl::StrCat(content++))));
  };
  while (content < state.range(0)) record();
  for (auto _ : state) record();
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_RecordNextRevision)
    ->Arg(0)
    ->Arg(1000)
    ->Setup(SetUpStore)
    ->Teardown(TearDownStore)
    ->Iterations(200)
    ->UseRealTime();

// Plans of the cells from `begin` to `end`, spread over `releases` OS releases
// with ten drivers.
release::v1::PlanCellsRequest Plans(int begin, int end, int releases) {
  release::v1::PlanCellsRequest request;
  for (int number = begin; number < end; ++number) {
    release::v1::CellPlan& plan = *request.add_plans();
    plan = TestPlan(number);
    plan.mutable_coordinates()->set_os_release(
        absl::StrCat("debian-12-", number % releases));
    plan.mutable_coordinates()->set_version(
        absl::StrCat("535.", number / releases % 10));
  }
  return request;
}

// Plans `range(0)` cells of 100 releases.
void PlanMany(benchmark::State& state) {
  const int count = static_cast<int>(state.range(0));
  for (int begin = 0; begin < count; begin += kMaxCellsPerCall) {
    Check(state, Apply(*shared->store, PlanCells,
                       Plans(begin, std::min(begin + kMaxCellsPerCall, count),
                             /*releases=*/100)));
  }
}

// Plans 1,000 known cells again, which changes nothing.
void BM_PlanAgain(benchmark::State& state) {
  PlanMany(state);
  const auto request = Plans(0, kMaxCellsPerCall, /*releases=*/100);
  for (auto _ : state) Check(state, Apply(*shared->store, PlanCells, request));
  state.SetItemsProcessed(state.iterations() * request.plans_size());
}
BENCHMARK(BM_PlanAgain)
    ->Arg(10'000)
    ->Setup(SetUpStore)
    ->Teardown(TearDownStore)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

release::v1::ClaimCellsResponse Claim(benchmark::State& state, int max_cells) {
  release::v1::ClaimCellsRequest request;
  request.set_worker("worker");
  request.set_max_cells(max_cells);
  auto claimed = Apply(*shared->store, ClaimCells, request);
  Check(state, claimed);
  return claimed.value_or(release::v1::ClaimCellsResponse());
}

// Claims `range(1)` of `range(0)` cells, and gives them back.
void BM_Claim(benchmark::State& state) {
  PlanMany(state);
  const int max_cells = static_cast<int>(state.range(1));
  for (auto _ : state) {
    const auto claimed = Claim(state, max_cells);
    state.PauseTiming();
    for (const auto& cell : claimed.cells()) {
      release::v1::ReleaseLeaseRequest release;
      release.mutable_lease()->set_id(cell.id());
      release.mutable_lease()->set_fencing_token(cell.lease().fencing_token());
      Check(state, Apply(*shared->store, ReleaseLease, release));
    }
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(1));
}
BENCHMARK(BM_Claim)
    ->Args({10'000, 1})
    ->Args({10'000, 100})
    ->Args({10'000, 1000})
    ->Setup(SetUpStore)
    ->Teardown(TearDownStore)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3)
    ->UseRealTime();

// Fails a cell of a driver that has `range(0)` cells, of 100 releases, some of
// which fail alike, and retries it.
void BM_FailAmongSiblings(benchmark::State& state) {
  const int count = static_cast<int>(state.range(0));
  for (int begin = 0; begin < count; begin += kMaxCellsPerCall) {
    release::v1::PlanCellsRequest request =
        Plans(begin, std::min(begin + kMaxCellsPerCall, count), 100);
    for (release::v1::CellPlan& plan : *request.mutable_plans()) {
      plan.mutable_coordinates()->set_version("535");
    }
    Check(state, Apply(*shared->store, PlanCells, request));
  }
  const auto fail = [&](const release::v1::Cell& cell) {
    release::v1::FailAttemptRequest request;
    request.mutable_lease()->set_id(cell.id());
    request.mutable_lease()->set_fencing_token(cell.lease().fencing_token());
    auto& failure = *request.mutable_failure();
    failure.set_class_(release::v1::FAILURE_CLASS_DETERMINISTIC);
    failure.set_stage("compile");
    failure.set_fingerprint("v1:compile:0");
    failure.set_reason("no");
    Check(state, Apply(*shared->store, FailAttempt, request));
  };
  const auto first = Claim(state, 2 * count / 100);
  for (const auto& cell : first.cells()) fail(cell);
  for (auto _ : state) {
    state.PauseTiming();
    release::v1::RetryCellRequest retry;
    retry.set_id(first.cells(0).id());
    Check(state, Apply(*shared->store, RetryCell, retry));
    release::v1::ClaimCellsRequest claim;
    claim.set_worker("worker");
    claim.add_ids(first.cells(0).id());
    const auto claimed = Apply(*shared->store, ClaimCells, claim);
    Check(state, claimed);
    state.ResumeTiming();
    fail(claimed->cells(0));
  }
}
BENCHMARK(BM_FailAmongSiblings)
    ->Arg(1000)
    ->Arg(10'000)
    ->Setup(SetUpStore)
    ->Teardown(TearDownStore)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(10)
    ->UseRealTime();

// Renews 100 leases in one call, as a worker does every few minutes.
void BM_RenewLeases(benchmark::State& state) {
  PlanMany(state);
  const auto claimed = Claim(state, /*max_cells=*/100);
  release::v1::RenewLeasesRequest request;
  for (const auto& cell : claimed.cells()) {
    auto& lease = *request.add_leases();
    lease.set_id(cell.id());
    lease.set_fencing_token(cell.lease().fencing_token());
  }
  for (auto _ : state) {
    Check(state, Apply(*shared->store, RenewLeases, request));
  }
  state.SetItemsProcessed(state.iterations() * request.leases_size());
}
BENCHMARK(BM_RenewLeases)
    ->Arg(1000)
    ->Setup(SetUpStore)
    ->Teardown(TearDownStore)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// One thread reads while `range(0)` others record.
void BM_Get(benchmark::State& state) {
  RecordOne(state);
  std::atomic<bool> stop{false};
  std::vector<std::thread> workers;
  for (int i = 0; i < state.range(0); ++i) {
    workers.emplace_back([&] {
      while (!stop) RecordOne(state);
    });
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(shared->store->Get(TestId(0)));
  }
  state.SetItemsProcessed(state.iterations());
  stop = true;
  for (std::thread& worker : workers) worker.join();
}
BENCHMARK(BM_Get)
    ->Arg(0)
    ->Arg(1)
    ->Setup(SetUpStore)
    ->Teardown(TearDownStore)
    ->UseRealTime();

// A table in an SQLite database with the store's durability.
class PlainTable {
 public:
  PlainTable() {
    sqlite3_open(database_.path().c_str(), &db_);
    sqlite3_exec(db_,
                 "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                 "CREATE TABLE cell (id TEXT PRIMARY KEY, record BLOB)",
                 nullptr, nullptr, nullptr);
  }
  // All statements must be finalized.
  ~PlainTable() { sqlite3_close(db_); }

  sqlite3* db() const { return db_; }

 private:
  const TestDatabase database_;
  sqlite3* db_ = nullptr;
};

// The baseline of BM_RecordRevision: one row of the payload's size per commit.
void BM_PlainSqliteInsert(benchmark::State& state) {
  const PlainTable table;
  sqlite3* const db = table.db();
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(db, "INSERT INTO cell VALUES (?1, ?2)", -1, &insert,
                     nullptr);
  int number = 0;
  for (auto _ : state) {
    const std::string id = TestId(number);
    const std::string record =
        TestRevision(number++).payload().SerializeAsString();
    sqlite3_bind_text(insert, 1, id.data(), id.size(), SQLITE_STATIC);
    sqlite3_bind_blob(insert, 2, record.data(), record.size(), SQLITE_STATIC);
    if (sqlite3_step(insert) != SQLITE_DONE) {
      state.SkipWithError(sqlite3_errmsg(db));
    }
    sqlite3_reset(insert);
  }
  state.SetItemsProcessed(state.iterations());
  sqlite3_finalize(insert);
}
BENCHMARK(BM_PlainSqliteInsert)->UseRealTime();

// The baseline of BM_Get: selects a row by its key.
void BM_PlainSqliteSelect(benchmark::State& state) {
  const PlainTable table;
  sqlite3* const db = table.db();
  sqlite3_exec(db, "INSERT INTO cell VALUES ('a', zeroblob(1000))", nullptr,
               nullptr, nullptr);
  sqlite3_stmt* select = nullptr;
  sqlite3_prepare_v2(db, "SELECT record FROM cell WHERE id = 'a'", -1, &select,
                     nullptr);
  for (auto _ : state) {
    if (sqlite3_step(select) != SQLITE_ROW) {
      state.SkipWithError(sqlite3_errmsg(db));
    }
    benchmark::DoNotOptimize(sqlite3_column_blob(select, 0));
    sqlite3_reset(select);
  }
  state.SetItemsProcessed(state.iterations());
  sqlite3_finalize(select);
}
BENCHMARK(BM_PlainSqliteSelect);

}  // namespace
}  // namespace gantry::service
