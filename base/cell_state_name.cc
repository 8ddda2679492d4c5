#include "base/cell_state_name.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace gantry {

using ::gantry::release::v1::CellState;

std::string CellStateName(CellState state) {
  return absl::AsciiStrToLower(
      absl::StripPrefix(release::v1::CellState_Name(state), "CELL_STATE_"));
}

absl::StatusOr<CellState> ParseCellStateName(absl::string_view name) {
  CellState state;
  if (!release::v1::CellState_Parse(
          absl::StrCat("CELL_STATE_", absl::AsciiStrToUpper(name)), &state) ||
      state == release::v1::CELL_STATE_UNSPECIFIED) {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown cell state \"", name,
                     "\"; expected one of planned, building, built, failed, "
                     "excluded, retired, blocked"));
  }
  return state;
}

}  // namespace gantry
