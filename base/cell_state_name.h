#ifndef GANTRY_BASE_CELL_STATE_NAME_H_
#define GANTRY_BASE_CELL_STATE_NAME_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/cell.pb.h"

namespace gantry {

// The name of a state in output and flags: "built" for CELL_STATE_BUILT.
std::string CellStateName(release::v1::CellState state);

// The state with that name.  INVALID_ARGUMENT, listing the names, if there is
// none; CELL_STATE_UNSPECIFIED has no name.
absl::StatusOr<release::v1::CellState> ParseCellStateName(
    absl::string_view name);

}  // namespace gantry

#endif  // GANTRY_BASE_CELL_STATE_NAME_H_
