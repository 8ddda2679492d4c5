#ifndef GANTRY_RELEASE_SERVICE_STORE_DEMAND_H_
#define GANTRY_RELEASE_SERVICE_STORE_DEMAND_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "release/service/store/cell_table.h"

namespace gantry::service {

// Adds to the demand of cells, by id, how often nodes asked for them in vain.
// A blocked cell becomes planned, and with its recipe is never blocked again.
// Cells that are unknown or have a payload by now do not change.  Must run in a
// transaction that the caller rolls back on an error.
absl::Status AddDemand(CellTable& table,
                       const std::map<std::string, int64_t>& requests,
                       absl::Time now);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_DEMAND_H_
