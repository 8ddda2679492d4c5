#include "release/service/store/import_cells.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/proto_time.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/cell.pb.h"
#include "proto/event.pb.h"
#include "release/service/store/cell_store.h"
#include "release/service/store/cell_table.h"
#include "release/service/store/database.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_cells.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestCoordinates;
using ::gantry::fixtures::TestId;
using ::gantry::fixtures::TestRevision;
using ::gantry::release::v1::Cell;
using ::testing::ElementsAre;
using ::testing::SizeIs;

// The schema of version 1.
constexpr char kVersion1[] = R"sql(
  CREATE TABLE cell (
    id TEXT NOT NULL PRIMARY KEY, channel TEXT NOT NULL,
    os_release TEXT NOT NULL, driver_version TEXT NOT NULL,
    cuda_version TEXT NOT NULL, state INTEGER NOT NULL,
    lease_expire_us INTEGER NOT NULL, record BLOB NOT NULL);
  CREATE INDEX cell_by_os_release ON cell (os_release);
  CREATE INDEX cell_by_state ON cell (state, id);
  CREATE TABLE payload (
    cell_id TEXT NOT NULL PRIMARY KEY REFERENCES cell (id),
    record BLOB NOT NULL);
  CREATE TRIGGER payload_never_changes BEFORE UPDATE ON payload
    BEGIN SELECT RAISE (ABORT, 'published payloads are immutable'); END;
  CREATE TRIGGER payload_is_never_deleted BEFORE DELETE ON payload
    BEGIN SELECT RAISE (ABORT, 'published payloads are immutable'); END;
  CREATE TABLE counter (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL);
  INSERT INTO counter VALUES ('fencing_token', 41);
  PRAGMA application_id = 0x474e5459;
  PRAGMA user_version = 1;
)sql";

const absl::Time kTime = absl::FromUnixSeconds(1'700'000'000);

class ImportCellsTest : public testing::Test {
 protected:
  void SetUp() override {
    GANTRY_ASSERT_OK_AND_ASSIGN(
        old_, Database::Open(database_.path(), Database::Mode::kReadWrite));
    ASSERT_THAT(old_->Execute(kVersion1), IsOk());
  }

  // Adds a cell as version 1 did: its coordinates had neither an architecture
  // nor a product.
  void AddOldCell(int number, release::v1::CellState state) {
    Cell cell;
    cell.set_id(absl::StrCat("old-", number));
    *cell.mutable_coordinates() = TestCoordinates(number);
    cell.mutable_coordinates()->clear_architecture();
    cell.mutable_coordinates()->clear_product();
    cell.add_channels("6.1-cloud");
    cell.set_state(state);
    cell.set_attempt_count(3);
    *cell.mutable_update_time() = ToTimestamp(kTime);
    if (state == release::v1::CELL_STATE_FAILED) cell.set_reason("no");
    GANTRY_ASSERT_OK_AND_ASSIGN(
        Statement insert,
        old_->Prepare(
            "INSERT INTO cell VALUES (?1, '', '', '', '', 0, 0, ?2)"));
    ASSERT_THAT(insert.Bind(cell.id()).BindBlob(cell.SerializeAsString()).Run(),
                IsOk());
    if (state != release::v1::CELL_STATE_BUILT) return;
    GANTRY_ASSERT_OK_AND_ASSIGN(
        Statement insert_payload,
        old_->Prepare("INSERT INTO payload VALUES (?1, ?2)"));
    ASSERT_THAT(
        insert_payload.Bind(cell.id())
            .BindBlob(TestRevision(number).payload().SerializeAsString())
            .Run(),
        IsOk());
  }

  std::unique_ptr<CellStore> Migrate() {
    old_.reset();
    auto store = CellStore::Open(database_.path());
    EXPECT_THAT(store, IsOk());
    return *std::move(store);
  }

  const TestDatabase database_;
  std::unique_ptr<Database> old_;
};

TEST_F(ImportCellsTest, BuiltCellHasItsPayloadAsRevisionOne) {
  AddOldCell(1, release::v1::CELL_STATE_BUILT);
  const auto store = Migrate();
  GANTRY_ASSERT_OK_AND_ASSIGN(const Cell cell, store->Get(TestId(1)));
  EXPECT_EQ(cell.state(), release::v1::CELL_STATE_BUILT);
  EXPECT_EQ(cell.attempt_count(), 3);
  EXPECT_EQ(cell.revision(), 1);
  EXPECT_EQ(cell.payload().SerializeAsString(),
            TestRevision(1).payload().SerializeAsString());
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto revisions,
                              store->ListRevisions(TestId(1)));
  ASSERT_THAT(revisions, SizeIs(1));
  EXPECT_EQ(revisions[0].coordinates().product(), "nvidia");
}

TEST_F(ImportCellsTest, FailedCellMayBeClaimed) {
  AddOldCell(1, release::v1::CELL_STATE_FAILED);
  const auto store = Migrate();
  GANTRY_ASSERT_OK_AND_ASSIGN(const Cell cell, store->Get(TestId(1)));
  EXPECT_EQ(cell.reason(), "no");
  EXPECT_EQ(ToTime(cell.next_attempt_time()), kTime);
}

TEST_F(ImportCellsTest, EveryCellIsAnEvent) {
  AddOldCell(2, release::v1::CELL_STATE_PLANNED);
  AddOldCell(1, release::v1::CELL_STATE_BUILT);
  const auto store = Migrate();
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto events,
                              store->ListEvents(0, 10, 1 << 20));
  std::vector<std::string> ids;
  for (const auto& event : events) {
    EXPECT_EQ(event.kind(), release::v1::EVENT_KIND_IMPORTED);
    ids.push_back(event.cell().id());
  }
  EXPECT_THAT(ids, ElementsAre(TestId(1), TestId(2)));
}

TEST_F(ImportCellsTest, TokensStayGreaterThanBefore) {
  AddOldCell(1, release::v1::CELL_STATE_PLANNED);
  const auto store = Migrate();
  EXPECT_THAT(
      store->WriteAndWait([](CellTable& table, absl::Time) -> absl::Status {
        EXPECT_THAT(table.NextFencingToken(), IsOkAndHolds(42));
        return absl::OkStatus();
      }),
      IsOk());
}

TEST_F(ImportCellsTest, DamagedRecordIsDataLossAndKept) {
  ASSERT_THAT(old_->Execute("INSERT INTO cell VALUES "
                            "('x', '', '', '', '', 0, 0, x'ff')"),
              IsOk());
  old_.reset();
  EXPECT_THAT(CellStore::Open(database_.path()),
              StatusIs(absl::StatusCode::kDataLoss));
  GANTRY_ASSERT_OK_AND_ASSIGN(
      old_, Database::Open(database_.path(), Database::Mode::kReadWrite));
  EXPECT_THAT(old_->QueryNumber("PRAGMA user_version"), IsOkAndHolds(1));
  EXPECT_THAT(old_->QueryNumber("SELECT count(*) FROM cell"), IsOkAndHolds(1));
}

}  // namespace
}  // namespace gantry::service
