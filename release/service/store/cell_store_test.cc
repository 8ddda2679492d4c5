#include "release/service/store/cell_store.h"

#include <sqlite3.h>

#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/status_matchers.h"
#include "base/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "release/service/store/lifecycle.h"
#include "release/service/store/mutations.h"
#include "release/service/store/store_test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::release::v1::Cell;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class CellStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    auto dir = TempDir::Create();
    ASSERT_TRUE(dir.ok()) << dir.status();
    dir_ = std::make_unique<TempDir>(*std::move(dir));
    path_ = dir_->path() + "/release.db";
  }

  void Open() {
    store_.reset();
    auto store = CellStore::Open(path_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  absl::Status OpenStatus() { return CellStore::Open(path_).status(); }

  absl::StatusOr<Cell> Publish(
      const release::v1::PublishPayloadRequest& request) {
    Cell cell;
    GANTRY_RETURN_IF_ERROR(
        store_->WriteAndWait([&](CellTable& table, absl::Time now) {
          return PublishPayload(table, request, now, cell);
        }));
    return cell;
  }

  absl::Status Publish(int number, const std::string& content = "payload") {
    return Publish(TestPublication(number, content)).status();
  }

  // Runs SQL as another program would, with SQLite's own defaults.
  std::string Sql(const std::string& sql) {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    char* message = nullptr;
    sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &message);
    const std::string error = message == nullptr ? "" : message;
    sqlite3_free(message);
    sqlite3_close(db);
    return error;
  }

  std::unique_ptr<TempDir> dir_;
  std::string path_;
  std::unique_ptr<CellStore> store_;
};

TEST_F(CellStoreTest, ReopenedStoreHasWhatWasWritten) {
  Open();
  ASSERT_TRUE(Publish(1).ok());
  const Cell cell = *store_->Get(TestId(1));
  Open();
  EXPECT_EQ(store_->Get(TestId(1))->SerializeAsString(),
            cell.SerializeAsString());
}

TEST_F(CellStoreTest, FailedMutationIsRolledBack) {
  Open();
  const absl::Status failure = absl::AbortedError("changed its mind");
  EXPECT_EQ(store_->WriteAndWait([&](CellTable& table, absl::Time now) {
    const absl::Status status = table.Put(PlanCell({}, TestPlan(1), now));
    return status.ok() ? failure : status;
  }),
            failure);
  EXPECT_THAT(store_->Get(TestId(1)), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(CellStoreTest, SecondPayloadOfACellIsRefused) {
  Open();
  ASSERT_TRUE(Publish(1).ok());
  Cell cell = *store_->Get(TestId(1));
  cell.mutable_payload()->set_total_size(7);
  EXPECT_THAT(store_->WriteAndWait([&](CellTable& table, absl::Time) {
    return table.PutPayload(cell);
  }),
              StatusIs(absl::StatusCode::kInternal,
                       HasSubstr("UNIQUE constraint failed: payload.cell_id")));
}

// As a version without the limit stored it.
TEST_F(CellStoreTest, PayloadAboveTheLimitIsReadWithoutItsProof) {
  Open();
  const Cell small = *Publish(TestPublication(1));
  release::v1::PublishPayloadRequest large = TestPublication(2);
  large.mutable_payload()->mutable_proof()->mutable_module(0)->set_message(
      std::string(9 << 20, 'x'));
  ASSERT_TRUE(Publish(large).ok());

  const Cell cell = *store_->Get(TestId(2));
  EXPECT_EQ(cell.payload().digest(), large.payload().digest());
  EXPECT_EQ(cell.payload().reference(), large.payload().reference());
  EXPECT_EQ(cell.payload().total_size(), large.payload().total_size());
  EXPECT_FALSE(cell.payload().has_proof());

  // It does not end a list before its limit, and can still be planned again.
  const auto cells = store_->List(CellFilter(), "", 10, 1 << 20);
  ASSERT_THAT(*cells, SizeIs(2));
  EXPECT_EQ((*cells)[0].SerializeAsString(), small.SerializeAsString());
  release::v1::PlanCellsRequest plan;
  *plan.add_cell() = TestPlan(2);
  plan.mutable_cell(0)->set_channel("lts");
  release::v1::PlanCellsResponse response;
  EXPECT_THAT(store_->WriteAndWait([&](CellTable& table, absl::Time now) {
    return PlanCells(table, plan, now, response);
  }),
              IsOk());
  EXPECT_EQ(store_->Get(TestId(2))->channel(), "lts");
}

TEST_F(CellStoreTest, WritersInTheSameCommitDoNotShareTheirErrors) {
  Open();
  ASSERT_TRUE(Publish(0, "first").ok());
  std::vector<std::thread> writers;
  std::vector<absl::Status> results(40);
  for (int i = 0; i < 40; ++i) {
    // Every other one conflicts.
    writers.emplace_back(
        [&, i] { results[i] = Publish(i % 2 == 0 ? 0 : i, "second"); });
  }
  for (std::thread& writer : writers) writer.join();
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(results[i].code(), i % 2 == 0 ? absl::StatusCode::kAlreadyExists
                                            : absl::StatusCode::kOk);
    EXPECT_TRUE(store_->Get(TestId(i % 2 == 0 ? 0 : i)).ok());
  }
}

TEST_F(CellStoreTest, TheDatabaseItselfKeepsPayloadsFromChanging) {
  Open();
  ASSERT_TRUE(Publish(1).ok());
  store_.reset();
  EXPECT_EQ(Sql("UPDATE payload SET record = x'00'"),
            "a published payload never changes");
  EXPECT_EQ(Sql("DELETE FROM payload"), "a published payload never changes");
}

TEST_F(CellStoreTest, ListIsByIdAndFilters) {
  Open();
  for (int number : {3, 1, 2}) ASSERT_TRUE(Publish(number).ok());
  CellFilter filter;
  filter.os_release = "debian-12-6.1.";
  filter.cuda_version = "12.";
  filter.states = {release::v1::CELL_STATE_BUILT};
  const auto cells = store_->List(filter, TestId(1), 10, 1 << 20);
  ASSERT_THAT(*cells, SizeIs(2));
  EXPECT_EQ((*cells)[0].id(), TestId(2));
  EXPECT_EQ((*cells)[1].id(), TestId(3));
  EXPECT_THAT(*store_->List(filter, "", 2, 1 << 20), SizeIs(2));
  EXPECT_THAT(*store_->List(filter, "", 10, 1), SizeIs(1));
  filter.os_release = "debian-12-6.12";
  EXPECT_THAT(*store_->List(filter, "", 10, 1 << 20), SizeIs(0));
  filter = CellFilter();
  filter.states = {release::v1::CELL_STATE_PLANNED};
  EXPECT_THAT(*store_->List(filter, "", 10, 1 << 20), SizeIs(0));
}

TEST_F(CellStoreTest, SecondWriterIsRefused) {
  Open();
  EXPECT_EQ(OpenStatus(), absl::FailedPreconditionError(
                              path_ + "-lock: locked by another process"));
}

TEST_F(CellStoreTest, FileThatIsNoDatabaseIsRefusedAndKept) {
  const std::string content(5000, 'x');
  std::ofstream(path_) << content;
  EXPECT_EQ(OpenStatus(),
            absl::DataLossError(path_ + ": file is not a database"));
  std::ifstream file(path_);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), content);
}

TEST_F(CellStoreTest, AnotherProgramsDatabaseIsRefusedAndKept) {
  ASSERT_EQ(Sql("CREATE TABLE bookmark (url TEXT)"), "");
  EXPECT_EQ(OpenStatus(), absl::FailedPreconditionError(
                              path_ + ": is another program's database"));
  EXPECT_EQ(Sql("INSERT INTO bookmark VALUES ('still here')"), "");
}

TEST_F(CellStoreTest, NewerSchemaIsRefused) {
  Open();
  store_.reset();
  ASSERT_EQ(Sql("PRAGMA user_version = 1000"), "");
  EXPECT_EQ(
      OpenStatus(),
      absl::FailedPreconditionError(
          path_ + ": has schema version 1000, written by a newer Gantry; this "
                  "one knows versions up to 1"));
}

TEST_F(CellStoreTest, DamagedPagesAreRefused) {
  Open();
  for (int number = 0; number < 50; ++number) {
    ASSERT_TRUE(Publish(number).ok());
  }
  store_.reset();
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(2 * 4096);
  file << std::string(8 * 4096, '\xff');
  file.close();
  const absl::Status status = OpenStatus();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_ + ": "));
}

TEST_F(CellStoreTest, ReadOnlyStoreNeedsADatabaseAndChangesNothing) {
  CellStoreOptions options;
  options.read_only = true;
  EXPECT_EQ(CellStore::Open(path_, options).status(),
            absl::NotFoundError(path_ + ": no such database"));
  Open();
  ASSERT_TRUE(Publish(1).ok());
  auto reader = CellStore::Open(path_, options);
  ASSERT_TRUE(reader.ok()) << reader.status();
  // Also what is written after it was opened.
  ASSERT_TRUE(Publish(2).ok());
  EXPECT_TRUE((*reader)->Get(TestId(2)).ok());
  EXPECT_EQ(
      (*reader)->WriteAndWait(
          [](CellTable&, absl::Time) { return absl::OkStatus(); }),
      absl::FailedPreconditionError(path_ + ": is open for reading only"));
}

}  // namespace
}  // namespace gantry::service
