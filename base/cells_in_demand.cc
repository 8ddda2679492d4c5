#include "base/cells_in_demand.h"

#include <algorithm>

namespace gantry {

using ::gantry::release::v1::Cell;

std::vector<Cell> CellsInDemand(std::vector<Cell> cells) {
  cells.erase(
      std::remove_if(cells.begin(), cells.end(),
                     [](const Cell& cell) { return cell.demand() == 0; }),
      cells.end());
  std::stable_sort(
      cells.begin(), cells.end(),
      [](const Cell& a, const Cell& b) { return a.demand() > b.demand(); });
  return cells;
}

}  // namespace gantry
