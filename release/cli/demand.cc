#include "release/cli/demand.h"

#include "absl/strings/str_cat.h"
#include "base/cell_state_name.h"
#include "base/text_table.h"

namespace gantry::cli {

using ::gantry::release::v1::Cell;

std::string FormatDemand(const std::vector<Cell>& cells) {
  if (cells.empty()) return "no node has asked in vain\n";
  std::vector<std::vector<std::string>> rows = {
      {"DEMAND", "CELL", "STATE", "REASON"}};
  for (const Cell& cell : cells) {
    rows.push_back({absl::StrCat(cell.demand()), cell.id(),
                    CellStateName(cell.state()), cell.reason()});
  }
  return FormatTextTable(rows);
}

}  // namespace gantry::cli
