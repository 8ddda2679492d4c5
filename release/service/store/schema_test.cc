#include "release/service/store/schema.h"

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/digest.h"
#include "base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/cell.pb.h"
#include "proto/event.pb.h"
#include "proto/release_service.pb.h"
#include "release/service/store/cell_store.h"
#include "release/service/store/cell_table.h"
#include "release/service/store/database.h"
#include "release/service/store/fragments.h"
#include "release/service/store/mutations.h"
#include "release/service/store/test_store.h"
#include "tests/fixtures/test_cells.h"
#include "tests/fixtures/test_channels.h"

namespace gantry::service {
namespace {

using ::gantry::fixtures::TestCoordinates;
using ::gantry::fixtures::TestFragment;
using ::gantry::fixtures::TestId;
using ::gantry::release::v1::Cell;
using ::testing::ElementsAre;
using ::testing::Property;
using ::testing::SizeIs;

// The schema of version 2.
constexpr char kVersion2[] = R"sql(
  CREATE TABLE event (
    sequence INTEGER NOT NULL PRIMARY KEY,
    cell_id TEXT NOT NULL,
    record BLOB NOT NULL
  );
  CREATE TRIGGER event_never_changes BEFORE UPDATE ON event
    BEGIN SELECT RAISE (ABORT, 'events are immutable'); END;
  CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
    BEGIN SELECT RAISE (ABORT, 'events are immutable'); END;

  CREATE TABLE cell (
    id TEXT NOT NULL PRIMARY KEY,
    os_release TEXT NOT NULL,
    version TEXT NOT NULL,
    cuda_version TEXT NOT NULL,
    channels TEXT NOT NULL,
    state INTEGER NOT NULL,
    lease_expire_us INTEGER NOT NULL,
    next_attempt_us INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    want_us INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    plan_id TEXT NOT NULL,
    record BLOB NOT NULL
  );
  CREATE INDEX cell_by_os_release ON cell (os_release);
  CREATE INDEX cell_by_state ON cell (state, priority DESC, want_us, id);

  CREATE TABLE revision (
    cell_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    digest TEXT NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (cell_id, number)
  );
  CREATE TRIGGER revision_keeps_its_payload BEFORE UPDATE ON revision
    WHEN OLD.digest <> NEW.digest
    BEGIN SELECT RAISE (ABORT, 'revisions are immutable'); END;
  CREATE TRIGGER revision_is_never_deleted BEFORE DELETE ON revision
    BEGIN SELECT RAISE (ABORT, 'revisions are immutable'); END;

  CREATE TABLE attempt (
    cell_id TEXT NOT NULL,
    fencing_token INTEGER NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (cell_id, fencing_token)
  );

  CREATE TABLE request (
    id TEXT NOT NULL PRIMARY KEY,
    time_us INTEGER NOT NULL,
    digest TEXT NOT NULL,
    response BLOB NOT NULL
  );
  CREATE INDEX request_by_time ON request (time_us);
  CREATE TABLE counter (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL);
  INSERT INTO counter VALUES ('fencing_token', 41);
  PRAGMA application_id = 0x474e5459;
  PRAGMA user_version = 2;
)sql";

class MigrationFrom2Test : public testing::Test {
 protected:
  void SetUp() override {
    GANTRY_ASSERT_OK_AND_ASSIGN(
        const auto old,
        Database::Open(database_.path(), Database::Mode::kReadWrite));
    ASSERT_THAT(old->Execute(kVersion2), IsOk());
    for (int number : {1, 2}) AddPlannedCell(*old, number);
  }

  // Adds a cell and its event, as version 2 did.
  static void AddPlannedCell(Database& old, int number) {
    release::v1::Event event;
    event.set_kind(release::v1::EVENT_KIND_PLANNED);
    Cell& cell = *event.mutable_cell();
    cell.set_id(TestId(number));
    *cell.mutable_coordinates() = TestCoordinates(number);
    cell.set_state(release::v1::CELL_STATE_PLANNED);
    GANTRY_ASSERT_OK_AND_ASSIGN(
        Statement insert,
        old.Prepare("INSERT INTO cell VALUES (?1, ?2, '', '', char(10), 1, 0, "
                    "0, 0, 0, 0, '', ?3)"));
    ASSERT_THAT(insert.Bind(cell.id())
                    .Bind(cell.coordinates().os_release())
                    .BindBlob(cell.SerializeAsString())
                    .Run(),
                IsOk());
    GANTRY_ASSERT_OK_AND_ASSIGN(
        Statement append, old.Prepare("INSERT INTO event VALUES (?1, ?2, ?3)"));
    ASSERT_THAT(append.Bind(int64_t{number})
                    .Bind(cell.id())
                    .BindBlob(event.SerializeAsString())
                    .Run(),
                IsOk());
  }

  const TestDatabase database_;
};

TEST_F(MigrationFrom2Test, CellsAndEventsAreKept) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto store,
                              CellStore::Open(database_.path()));
  EXPECT_THAT(store->List(CellFilter(), "", 10, 1 << 20),
              IsOkAndHolds(ElementsAre(Property(&Cell::id, TestId(1)),
                                       Property(&Cell::id, TestId(2)))));
  EXPECT_THAT(store->ListEvents(0, 10, 1 << 20), IsOkAndHolds(SizeIs(2)));
  EXPECT_THAT(store->WriteAndWait(
                  [](CellTable& table, absl::Time) { return table.Rebuild(); }),
              IsOk());
  EXPECT_THAT(store->List(CellFilter(), "", 10, 1 << 20),
              IsOkAndHolds(SizeIs(2)));
}

TEST_F(MigrationFrom2Test, CellsAreClaimedAndFragmentsStored) {
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto store,
                              CellStore::Open(database_.path()));
  release::v1::ClaimCellsRequest claim;
  claim.set_worker("worker");
  GANTRY_ASSERT_OK_AND_ASSIGN(const auto claimed,
                              Apply(*store, ClaimCells, claim));
  ASSERT_THAT(claimed.cells(), SizeIs(2));
  EXPECT_EQ(claimed.cells(0).lease().fencing_token(), 42);
  release::v1::PutFragmentsRequest put;
  *put.add_fragments() = TestFragment("a");
  ASSERT_THAT(Apply(*store, PutFragments, put), IsOk());
  EXPECT_THAT(store->GetFragments({Sha256Digest("a")}, 1 << 20),
              IsOkAndHolds(SizeIs(1)));
}

TEST_F(MigrationFrom2Test, ReaderDoesNotMigrate) {
  CellStoreOptions options;
  options.read_only = true;
  EXPECT_THAT(CellStore::Open(database_.path(), options),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       database_.path() +
                           ": schema version 2 is older than 3; open the "
                           "database for writing once to migrate it"));
}

}  // namespace
}  // namespace gantry::service
