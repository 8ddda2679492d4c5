#include "release/service/store/cell_store.h"

#include <sqlite3.h>

#include <fstream>
#include <ios>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/release_service.pb.h"
#include "release/service/store/lifecycle.h"
#include "release/service/store/mutations.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestPlan;
using ::gantry::fixtures::TestRevision;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::RecordRevisionRequest;
using ::gantry::release::v1::RecordRevisionResponse;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Property;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr size_t kNoByteLimit = 1 << 20;

class CellStoreTest : public testing::Test {
 protected:
  // Opens the store, or opens it again.
  void Open() {
    store_.reset();
    GANTRY_ASSERT_OK_AND_ASSIGN(store_, CellStore::Open(path()));
  }

  absl::StatusOr<Cell> Publish(const RecordRevisionRequest& request) {
    GANTRY_ASSIGN_OR_RETURN(
        RecordRevisionResponse response,
        (Apply<RecordRevisionRequest, RecordRevisionResponse>(
            *store_, RecordRevision, request)));
    return *std::move(response.mutable_cell());
  }

  // Runs SQL as another program would, with SQLite's own defaults.  Returns the
  // error; empty if there is none.
  std::string RunSql(const std::string& sql) {
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open(path().c_str(), &db), SQLITE_OK);
    char* message = nullptr;
    sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &message);
    const std::string error = message == nullptr ? "" : message;
    sqlite3_free(message);
    sqlite3_close(db);
    return error;
  }

  const std::string& path() const { return database_.path(); }

  const TestDatabase database_;
  std::unique_ptr<CellStore> store_;
};

TEST_F(CellStoreTest, CellsPersistWhenReopened) {
  Open();
  GANTRY_ASSERT_OK_AND_ASSIGN(const Cell cell, Publish(TestRevision(1)));
  Open();
  GANTRY_ASSERT_OK_AND_ASSIGN(const Cell found, store_->Get(TestId(1)));
  EXPECT_EQ(found.SerializeAsString(), cell.SerializeAsString());
}

TEST_F(CellStoreTest, FailedMutationIsRolledBack) {
  Open();
  const absl::Status failure = absl::AbortedError("test");
  EXPECT_EQ(store_->WriteAndWait([&](CellTable& table, absl::Time now) {
    EXPECT_THAT(table.Append(*PlanCell({}, {}, TestPlan(1), "", now)), IsOk());
    return failure;
  }),
            failure);
  EXPECT_THAT(store_->Get(TestId(1)), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(CellStoreTest, OtherPayloadOfARevisionIsRefused) {
  Open();
  ASSERT_THAT(Publish(TestRevision(1)), IsOk());
  EXPECT_THAT(
      store_->WriteAndWait([&](CellTable& table, absl::Time) -> absl::Status {
        GANTRY_ASSIGN_OR_RETURN(auto events, table.ListEvents(0, 1, 1));
        events[0].mutable_revision()->mutable_payload()->set_digest("other");
        return table.Append(events[0]);
      }),
      StatusIs(absl::StatusCode::kInternal,
               HasSubstr("revisions are immutable")));
}

// A cell whose proof exceeds the limit, as versions without one stored it.
class OversizedProofTest : public CellStoreTest {
 protected:
  void SetUp() override {
    Open();
    request_ = TestRevision(2);
    request_.mutable_payload()->mutable_proof()->set_reason(
        std::string(9 << 20, 'x'));
    ASSERT_THAT(Publish(request_), IsOk());
  }

  RecordRevisionRequest request_;
};

TEST_F(OversizedProofTest, CellIsReturnedWithoutItsProof) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const Cell cell, store_->Get(TestId(2)));
  EXPECT_EQ(cell.payload().digest(), request_.payload().digest());
  EXPECT_EQ(cell.payload().reference(), request_.payload().reference());
  EXPECT_EQ(cell.payload().total_size(), request_.payload().total_size());
  EXPECT_FALSE(cell.payload().has_proof());
}

TEST_F(OversizedProofTest, ProofDoesNotCountAsListedBytes) {
  ASSERT_THAT(Publish(TestRevision(3)), IsOk());
  EXPECT_THAT(store_->List(CellFilter(), "", 10, kNoByteLimit),
              IsOkAndHolds(SizeIs(2)));
}

TEST_F(OversizedProofTest, CellCanBePlannedAgain) {
  release::v1::PlanCellsRequest plan;
  *plan.add_plans() = TestPlan(2);
  plan.mutable_plans(0)->add_channels("lts");
  EXPECT_THAT(Apply(*store_, PlanCells, plan), IsOk());
  EXPECT_THAT(
      store_->Get(TestId(2)),
      IsOkAndHolds(Property(&Cell::channels, ElementsAre("6.1-cloud", "lts"))));
}

TEST_F(CellStoreTest, WritesInOneCommitDoNotShareErrors) {
  Open();
  std::vector<std::thread> writers;
  std::vector<absl::Status> results(40);
  const auto is_refused = [](int i) { return i % 2 == 0; };
  for (int i = 0; i < 40; ++i) {
    writers.emplace_back([&, i] {
      // Nobody has granted this token.
      results[i] =
          Publish(TestRevision(i, "payload", is_refused(i) ? 9 : 0)).status();
    });
  }
  for (std::thread& writer : writers) writer.join();
  for (int i = 0; i < 40; ++i) {
    EXPECT_THAT(results[i],
                StatusIs(is_refused(i) ? absl::StatusCode::kFailedPrecondition
                                       : absl::StatusCode::kOk));
    EXPECT_EQ(store_->Get(TestId(i)).ok(), !is_refused(i));
  }
}

TEST_F(CellStoreTest, DatabaseRefusesToChangeEventsAndRevisions) {
  Open();
  ASSERT_THAT(Publish(TestRevision(1)), IsOk());
  store_.reset();
  EXPECT_EQ(RunSql("UPDATE revision SET digest = 'x'"),
            "revisions are immutable");
  EXPECT_EQ(RunSql("DELETE FROM revision"), "revisions are immutable");
  EXPECT_EQ(RunSql("UPDATE event SET record = x'00'"), "events are immutable");
  EXPECT_EQ(RunSql("DELETE FROM event"), "events are immutable");
}

class CellStoreListTest : public CellStoreTest {
 protected:
  void SetUp() override {
    Open();
    for (int number : {3, 1, 2}) {
      release::v1::PlanCellsRequest plan;
      *plan.add_plans() = TestPlan(number);
      ASSERT_THAT(Apply(*store_, PlanCells, plan), IsOk());
      ASSERT_THAT(Publish(TestRevision(number)), IsOk());
    }
  }
};

TEST_F(CellStoreListTest, CellsAreOrderedById) {
  EXPECT_THAT(store_->List(CellFilter(), TestId(1), 10, kNoByteLimit),
              IsOkAndHolds(ElementsAre(Property(&Cell::id, TestId(2)),
                                       Property(&Cell::id, TestId(3)))));
}

TEST_F(CellStoreListTest, StopsAtEitherLimit) {
  EXPECT_THAT(store_->List(CellFilter(), "", 2, kNoByteLimit),
              IsOkAndHolds(SizeIs(2)));
  EXPECT_THAT(store_->List(CellFilter(), "", 10, 1), IsOkAndHolds(SizeIs(1)));
}

TEST_F(CellStoreListTest, AllFieldsOfTheFilterMustMatch) {
  CellFilter filter;
  filter.channel = "6.1-cloud";
  filter.os_release = "debian-12-6.1.";
  filter.driver_version = "535";
  filter.cuda_version = "12.";
  filter.states = {release::v1::CELL_STATE_BUILT};
  const auto list = [&] { return store_->List(filter, "", 10, kNoByteLimit); };
  EXPECT_THAT(list(), IsOkAndHolds(SizeIs(3)));
  filter.os_release = "debian-12-6.12";
  EXPECT_THAT(list(), IsOkAndHolds(IsEmpty()));
  filter.os_release.clear();
  filter.states = {release::v1::CELL_STATE_PLANNED};
  EXPECT_THAT(list(), IsOkAndHolds(IsEmpty()));
}

TEST_F(CellStoreTest, SecondWriterIsRefused) {
  Open();
  EXPECT_THAT(CellStore::Open(path()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       path() + "-lock: locked by another process"));
}

TEST_F(CellStoreTest, FileOfAnotherFormatIsRefusedAndKept) {
  const std::string content(5000, 'x');
  ASSERT_THAT(WriteFileAtomically(path(), content), IsOk());
  EXPECT_THAT(CellStore::Open(path()),
              StatusIs(absl::StatusCode::kDataLoss,
                       path() + ": file is not a database"));
  EXPECT_THAT(ReadFile(path()), IsOkAndHolds(content));
}

TEST_F(CellStoreTest, DatabaseOfAnotherProgramIsRefusedAndKept) {
  ASSERT_EQ(RunSql("CREATE TABLE bookmark (url TEXT)"), "");
  EXPECT_THAT(CellStore::Open(path()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       path() + ": belongs to another program"));
  EXPECT_EQ(RunSql("INSERT INTO bookmark VALUES ('still writable')"), "");
}

TEST_F(CellStoreTest, NewerSchemaIsRefused) {
  Open();
  store_.reset();
  ASSERT_EQ(RunSql("PRAGMA user_version = 1000"), "");
  EXPECT_THAT(
      CellStore::Open(path()),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               path() +
                   ": schema version 1000 is newer than 3; use the version "
                   "of Gantry that wrote it, or a newer one"));
}

TEST_F(CellStoreTest, DamagedPagesAreDataLoss) {
  Open();
  for (int number = 0; number < 50; ++number) {
    ASSERT_THAT(Publish(TestRevision(number)), IsOk());
  }
  store_.reset();
  std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(2 * 4096);
  file << std::string(8 * 4096, '\xff');
  file.close();
  EXPECT_THAT(CellStore::Open(path()),
              StatusIs(absl::StatusCode::kDataLoss, StartsWith(path() + ": ")));
}

class ReadOnlyCellStoreTest : public CellStoreTest {
 protected:
  absl::StatusOr<std::unique_ptr<CellStore>> OpenReader() {
    CellStoreOptions options;
    options.read_only = true;
    return CellStore::Open(path(), options);
  }
};

TEST_F(ReadOnlyCellStoreTest, MissingDatabaseIsNotFound) {
  EXPECT_THAT(OpenReader(), StatusIs(absl::StatusCode::kNotFound,
                                     path() + ": no such database"));
}

TEST_F(ReadOnlyCellStoreTest, ReadsLaterWritesOfAnotherStore) {
  Open();
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto reader, OpenReader());
  ASSERT_THAT(Publish(TestRevision(1)), IsOk());
  EXPECT_THAT(reader->Get(TestId(1)), IsOk());
}

TEST_F(ReadOnlyCellStoreTest, RefusesWrites) {
  Open();
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto reader, OpenReader());
  EXPECT_THAT((Apply<RecordRevisionRequest, RecordRevisionResponse>(
                  *reader, RecordRevision, TestRevision(1))),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       path() + ": opened read-only"));
}

}  // namespace
}  // namespace gantry::service
