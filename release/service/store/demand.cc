#include "release/service/store/demand.h"

#include <utility>

#include "absl/types/optional.h"
#include "base/status_macros.h"
#include "proto/cell.pb.h"
#include "proto/event.pb.h"
#include "release/service/store/lifecycle.h"

namespace gantry::service {

using ::gantry::release::v1::Cell;
using ::gantry::release::v1::Event;

absl::Status AddDemand(CellTable& table,
                       const std::map<std::string, int64_t>& requests,
                       absl::Time now) {
  for (const auto& [id, count] : requests) {
    GANTRY_ASSIGN_OR_RETURN(absl::optional<Cell> cell, table.Find(id));
    if (!cell.has_value() || cell->has_payload()) continue;
    cell->set_demand(cell->demand() + count);
    if (cell->state() != release::v1::CELL_STATE_BLOCKED) {
      GANTRY_RETURN_IF_ERROR(table.PutUnlogged(*cell));
      continue;
    }
    cell->set_unblocked_recipe_digest(cell->wanted_recipe().digest());
    absl::optional<Event> event = UnblockCell(*cell, now);
    GANTRY_RETURN_IF_ERROR(table.Append(*std::move(event)));
  }
  return absl::OkStatus();
}

}  // namespace gantry::service
