#include "release/service/store/sibling_update.h"

#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "base/status_macros.h"
#include "proto/coordinates.pb.h"
#include "proto/event.pb.h"
#include "release/service/store/lifecycle.h"
#include "release/service/store/siblings.h"

namespace gantry::service {
namespace {

using ::gantry::cell::v1::DriverFlavour;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::Event;

// Version, product, architecture and flavour.
using Driver = std::tuple<std::string, std::string, std::string, DriverFlavour>;

Driver DriverOf(const Cell& cell) {
  const auto& coordinates = cell.coordinates();
  return {coordinates.version(), coordinates.product(),
          coordinates.architecture(), coordinates.flavour()};
}

// The wanted cells of the driver.  Empty if none of them is or can be blocked.
absl::StatusOr<std::vector<Cell>> ListSiblings(CellTable& table,
                                               const Driver& driver) {
  const std::string& version = std::get<0>(driver);
  GANTRY_ASSIGN_OR_RETURN(const bool has_effect,
                          table.HasBlockedOrRepeatedFailures(version));
  std::vector<Cell> siblings;
  if (!has_effect) return siblings;
  GANTRY_ASSIGN_OR_RETURN(std::vector<Cell> cells, table.ListWanted(version));
  for (Cell& cell : cells) {
    if (DriverOf(cell) == driver) siblings.push_back(std::move(cell));
  }
  return siblings;
}

// The event that makes the cell blocked for the reason, or planned if that is
// null.  nullopt: it is already.
absl::optional<Event> BlockOrFree(const Cell& cell, const std::string* reason,
                                  absl::Time now) {
  if (reason != nullptr) return BlockCell(cell, *reason, now);
  return UnblockCell(cell, now);
}

// Appends the events of the driver's cells.  Adds the cells after them to
// `updated`.
absl::Status UpdateDriver(CellTable& table, const Driver& driver,
                          const std::string& request_id, absl::Time now,
                          std::map<std::string, Cell>& updated) {
  GANTRY_ASSIGN_OR_RETURN(const std::vector<Cell> siblings,
                          ListSiblings(table, driver));
  const std::map<std::string, std::string> blocked = FindBlocked(siblings);
  for (const Cell& cell : siblings) {
    const auto found = blocked.find(cell.id());
    absl::optional<Event> event = BlockOrFree(
        cell, found == blocked.end() ? nullptr : &found->second, now);
    if (!event.has_value()) continue;
    event->set_request_id(request_id);
    updated[cell.id()] = event->cell();
    GANTRY_RETURN_IF_ERROR(table.Append(*std::move(event)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status UpdateSiblings(CellTable& table, const std::vector<Cell*>& changed,
                            const std::string& request_id, absl::Time now) {
  std::set<Driver> drivers;
  for (const Cell* cell : changed) drivers.insert(DriverOf(*cell));
  std::map<std::string, Cell> updated;
  for (const Driver& driver : drivers) {
    GANTRY_RETURN_IF_ERROR(
        UpdateDriver(table, driver, request_id, now, updated));
  }
  for (Cell* cell : changed) {
    const auto found = updated.find(cell->id());
    if (found == updated.end()) continue;
    // Events have no payload.
    cell->set_state(found->second.state());
    cell->set_reason(found->second.reason());
    *cell->mutable_update_time() = found->second.update_time();
  }
  return absl::OkStatus();
}

}  // namespace gantry::service
