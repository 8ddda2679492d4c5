#ifndef GANTRY_RELEASE_SERVICE_STORE_IMPORT_CELLS_H_
#define GANTRY_RELEASE_SERVICE_STORE_IMPORT_CELLS_H_

#include "absl/status/status.h"
#include "release/service/store/database.h"

namespace gantry::service {

// Moves the cells of schema version 1, in the tables cell_1 and payload_1, to
// those of version 2, and drops the former.  Each cell becomes an event, and
// its payload revision 1.  A failed cell may be claimed at once.  Must run in a
// transaction.  DATA_LOSS: a record does not parse.
absl::Status ImportCells(Database& database);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_IMPORT_CELLS_H_
