#ifndef GANTRY_RELEASE_SERVICE_STORE_SIBLING_UPDATE_H_
#define GANTRY_RELEASE_SERVICE_STORE_SIBLING_UPDATE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/cell.pb.h"
#include "release/service/store/cell_table.h"

namespace gantry::service {

// Blocks the siblings of the changed cells that are to be blocked now, and
// frees those that are not any more; see siblings.h.  Must run after the events
// of the changes, in their transaction.  Those of `changed` that are blocked or
// freed become what they are then.
//
// A driver without repeated failures costs a look-up in an index, however many
// of its cells have changed; one with them, a pass over its cells.
absl::Status UpdateSiblings(CellTable& table,
                            const std::vector<release::v1::Cell*>& changed,
                            const std::string& request_id, absl::Time now);

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_SIBLING_UPDATE_H_
