// Compares the store with plain SQLite of the same durability.  TEST_TMPDIR
// selects the disk.

#include <sqlite3.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "benchmark/benchmark.h"
#include "release/service/store/cell_store.h"
#include "release/service/store/mutations.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestPublication;

struct OpenStore {
  TestDatabase database;
  std::unique_ptr<CellStore> store = *CellStore::Open(database.path());
  std::atomic<int> next{0};
};

OpenStore* shared = nullptr;

void SetUpStore(const benchmark::State&) { shared = new OpenStore; }
void TearDownStore(const benchmark::State&) { delete shared; }

void PublishOne(benchmark::State& state) {
  const auto cell =
      Apply(*shared->store, PublishPayload, TestPublication(shared->next++));
  if (!cell.ok()) state.SkipWithError(cell.status().ToString().c_str());
}

// Concurrent publishers share commits.
void BM_Publish(benchmark::State& state) {
  for (auto _ : state) PublishOne(state);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Publish)
    ->Setup(SetUpStore)
    ->Teardown(TearDownStore)
    ->ThreadRange(1, 64)
    ->UseRealTime();

// One thread reads while `range(0)` others publish.
void BM_Get(benchmark::State& state) {
  PublishOne(state);
  std::atomic<bool> stop{false};
  std::vector<std::thread> publishers;
  for (int i = 0; i < state.range(0); ++i) {
    publishers.emplace_back([&] {
      while (!stop) PublishOne(state);
    });
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(shared->store->Get(TestId(0)));
  }
  state.SetItemsProcessed(state.iterations());
  stop = true;
  for (std::thread& publisher : publishers) publisher.join();
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

// The baseline of BM_Publish: one row of the same size per commit.
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
        TestPublication(number++).payload().SerializeAsString();
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
