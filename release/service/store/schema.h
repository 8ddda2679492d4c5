#ifndef GANTRY_RELEASE_SERVICE_STORE_SCHEMA_H_
#define GANTRY_RELEASE_SERVICE_STORE_SCHEMA_H_

#include <cstdint>

#include "absl/status/status.h"
#include "release/service/store/database.h"

namespace gantry::service {

// The version that this program writes, kept in PRAGMA user_version.  Steps to
// it from every older version are in schema.cc; a step, once released, never
// changes.
int64_t SchemaVersion();

// Makes a writable database one of ours, at SchemaVersion(): write-ahead log,
// durable commits, and all steps that it lacks, each in a transaction.
//
// FAILED_PRECONDITION: it is another program's database, or a newer Gantry's.
// DATA_LOSS: it is corrupt, or no SQLite database.  Neither is changed.
absl::Status PrepareForWriting(Database& database);

// FAILED_PRECONDITION or DATA_LOSS as above, also for an older version.
absl::Status CheckForReading(Database& database);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_SCHEMA_H_
