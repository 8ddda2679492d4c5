#ifndef GANTRY_RELEASE_SERVICE_STORE_SCHEMA_H_
#define GANTRY_RELEASE_SERVICE_STORE_SCHEMA_H_

#include <cstdint>

#include "absl/status/status.h"
#include "release/service/store/database.h"

namespace gantry::service {

// The schema version that this program writes, stored in PRAGMA user_version.
// schema.cc has a migration from each older version; a released migration never
// changes.
int64_t SchemaVersion();

// Prepares a writable connection: turns on the write-ahead log and durable
// commits, and migrates the database to SchemaVersion() in one transaction.
//
// FAILED_PRECONDITION: the database belongs to another program or a newer
// Gantry.  DATA_LOSS: it is corrupt or not an SQLite database.  Neither is
// changed.
absl::Status PrepareForWriting(Database& database);

// Checks that a read-only connection can be used.  Errors as above;
// FAILED_PRECONDITION also for an older schema version.
absl::Status CheckForReading(Database& database);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_SCHEMA_H_
