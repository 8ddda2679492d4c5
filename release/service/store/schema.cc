#include "release/service/store/schema.h"

#include <iterator>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "release/service/store/import_cells.h"

namespace gantry::service {
namespace {

// "GNTY", in PRAGMA application_id.
constexpr int64_t kApplicationId = 0x474e5459;

// Migration N leads from version N to N + 1.
struct Migration {
  const char* sql;
  // Runs after the `sql` of all migrations, because it writes through
  // CellTable, which needs the newest schema; may be null.
  absl::Status (*convert)(Database& database);
};

constexpr Migration kMigrations[] = {
    // `record` is a serialized gantry.release.v1.Cell without its payload; the
    // other columns repeat fields that queries use.  Payloads have a separate
    // table, whose triggers keep them immutable.
    {R"sql(
      CREATE TABLE cell (
        id TEXT NOT NULL PRIMARY KEY,
        channel TEXT NOT NULL,
        os_release TEXT NOT NULL,
        driver_version TEXT NOT NULL,
        cuda_version TEXT NOT NULL,
        state INTEGER NOT NULL,
        -- Microseconds since 1970; 0 unless building.
        lease_expire_us INTEGER NOT NULL,
        record BLOB NOT NULL
      );
      CREATE INDEX cell_by_os_release ON cell (os_release);
      CREATE INDEX cell_by_state ON cell (state, id);

      CREATE TABLE payload (
        cell_id TEXT NOT NULL PRIMARY KEY REFERENCES cell (id),
        -- A serialized gantry.release.v1.Payload.
        record BLOB NOT NULL
      );
      CREATE TRIGGER payload_never_changes BEFORE UPDATE ON payload
        BEGIN SELECT RAISE (ABORT, 'published payloads are immutable'); END;
      CREATE TRIGGER payload_is_never_deleted BEFORE DELETE ON payload
        BEGIN SELECT RAISE (ABORT, 'published payloads are immutable'); END;

      CREATE TABLE counter (
        name TEXT NOT NULL PRIMARY KEY,
        value INTEGER NOT NULL
      );
      INSERT INTO counter VALUES ('fencing_token', 0);
    )sql",
     nullptr},
    // `event` is the only table that is not derived from another: the others
    // are what its events say (EventLog), except the bookkeeping of `counter`,
    // `request` and expiry times.  Records are serialized messages of
    // gantry.release.v1 by the name of their table; the other columns repeat
    // fields that queries use.
    {R"sql(
      ALTER TABLE cell RENAME TO cell_1;
      ALTER TABLE payload RENAME TO payload_1;
      DROP INDEX cell_by_os_release;
      DROP INDEX cell_by_state;

      CREATE TABLE event (
        sequence INTEGER NOT NULL PRIMARY KEY,
        cell_id TEXT NOT NULL,
        record BLOB NOT NULL
      );
      CREATE TRIGGER event_never_changes BEFORE UPDATE ON event
        BEGIN SELECT RAISE (ABORT, 'events are immutable'); END;
      CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
        BEGIN SELECT RAISE (ABORT, 'events are immutable'); END;

      -- Times are microseconds since 1970; 0 if unset.
      CREATE TABLE cell (
        id TEXT NOT NULL PRIMARY KEY,
        os_release TEXT NOT NULL,
        version TEXT NOT NULL,
        cuda_version TEXT NOT NULL,
        -- Each after a line feed, and another at the end.
        channels TEXT NOT NULL,
        state INTEGER NOT NULL,
        lease_expire_us INTEGER NOT NULL,
        next_attempt_us INTEGER NOT NULL,
        priority INTEGER NOT NULL,
        want_us INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        plan_id TEXT NOT NULL,
        -- Without the payload.
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
        -- Of the request.
        digest TEXT NOT NULL,
        response BLOB NOT NULL
      );
      CREATE INDEX request_by_time ON request (time_us);
    )sql",
     ImportCells},
    {R"sql(
      -- Number of requests.
      ALTER TABLE cell ADD COLUMN demand INTEGER NOT NULL DEFAULT 0;
      DROP INDEX cell_by_state;
      CREATE INDEX cell_by_state
        ON cell (state, demand DESC, priority DESC, want_us, id);
      -- Finds the siblings that fail alike.
      CREATE INDEX cell_by_version
        ON cell (version, state, next_attempt_us, os_release);

      CREATE TABLE fragment (
        digest TEXT NOT NULL PRIMARY KEY,
        record BLOB NOT NULL
      );

      -- A record is a serialized gantry.release.v1.ChannelHead.
      CREATE TABLE head (
        family INTEGER NOT NULL,
        name TEXT NOT NULL,
        record BLOB NOT NULL,
        PRIMARY KEY (family, name)
      );

      -- Logs of attempts, and leases that are not of cells: bookkeeping, like
      -- `counter`.
      CREATE TABLE log (
        digest TEXT NOT NULL PRIMARY KEY,
        time_us INTEGER NOT NULL,
        content BLOB NOT NULL
      );
      CREATE TABLE named_lease (
        name TEXT NOT NULL PRIMARY KEY,
        worker TEXT NOT NULL,
        expire_us INTEGER NOT NULL
      );
    )sql",
     nullptr},
};

// The database's schema version; 0 if it is empty.  FAILED_PRECONDITION: it
// belongs to another program or a newer Gantry.
absl::StatusOr<int64_t> ReadVersion(Database& database) {
  GANTRY_ASSIGN_OR_RETURN(const int64_t application,
                          database.QueryNumber("PRAGMA application_id"));
  GANTRY_ASSIGN_OR_RETURN(const int64_t version,
                          database.QueryNumber("PRAGMA user_version"));
  GANTRY_ASSIGN_OR_RETURN(
      const int64_t objects,
      database.QueryNumber("SELECT COUNT(*) FROM sqlite_schema"));
  const bool empty = application == 0 && version == 0 && objects == 0;
  if (!empty && (application != kApplicationId || version < 1)) {
    return absl::FailedPreconditionError(
        absl::StrCat(database.path(), ": belongs to another program"));
  }
  if (version > SchemaVersion()) {
    return absl::FailedPreconditionError(absl::StrCat(
        database.path(), ": schema version ", version, " is newer than ",
        SchemaVersion(),
        "; use the version of Gantry that wrote it, or a newer one"));
  }
  return version;
}

absl::Status CheckIntegrity(Database& database) {
  GANTRY_ASSIGN_OR_RETURN(const std::string result,
                          database.QueryText("PRAGMA quick_check(1)"));
  if (result == "ok") return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(database.path(), ": corrupt: ", result));
}

absl::Status RunMigrations(Database& database, int64_t version) {
  GANTRY_RETURN_IF_ERROR(database.Execute("BEGIN IMMEDIATE"));
  for (int64_t i = version; i < SchemaVersion(); ++i) {
    GANTRY_RETURN_IF_ERROR(database.Execute(kMigrations[i].sql));
  }
  for (int64_t i = version; i < SchemaVersion(); ++i) {
    if (kMigrations[i].convert == nullptr) continue;
    GANTRY_RETURN_IF_ERROR(kMigrations[i].convert(database));
  }
  return database.Execute(
      absl::StrCat("PRAGMA application_id = ", kApplicationId,
                   "; PRAGMA user_version = ", SchemaVersion(), "; COMMIT;")
          .c_str());
}

absl::Status Migrate(Database& database, int64_t version) {
  if (version == SchemaVersion()) return absl::OkStatus();
  absl::Status status = RunMigrations(database, version);
  if (!status.ok() && database.in_transaction()) {
    database.Execute("ROLLBACK").IgnoreError();
  }
  return status;
}

}  // namespace

int64_t SchemaVersion() { return std::size(kMigrations); }

absl::Status PrepareForWriting(Database& database) {
  GANTRY_ASSIGN_OR_RETURN(const int64_t version, ReadVersion(database));
  GANTRY_RETURN_IF_ERROR(CheckIntegrity(database));
  GANTRY_ASSIGN_OR_RETURN(const std::string mode,
                          database.QueryText("PRAGMA journal_mode = WAL"));
  if (mode != "wal") {
    return absl::FailedPreconditionError(
        absl::StrCat(database.path(),
                     ": the file system does not support shared memory, which "
                     "the write-ahead log needs"));
  }
  // With NORMAL, a power cut would roll back acknowledged commits.
  GANTRY_RETURN_IF_ERROR(
      database.Execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON"));
  return Migrate(database, version);
}

absl::Status CheckForReading(Database& database) {
  GANTRY_ASSIGN_OR_RETURN(const int64_t version, ReadVersion(database));
  if (version == SchemaVersion()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      database.path(), ": schema version ", version, " is older than ",
      SchemaVersion(), "; open the database for writing once to migrate it"));
}

}  // namespace gantry::service
