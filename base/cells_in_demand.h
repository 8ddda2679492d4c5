#ifndef GANTRY_BASE_CELLS_IN_DEMAND_H_
#define GANTRY_BASE_CELLS_IN_DEMAND_H_

#include <vector>

#include "proto/cell.pb.h"

namespace gantry {

// The cells that nodes asked for in vain, those with the highest demand first;
// cells with the same demand have the order of `cells`.
std::vector<release::v1::Cell> CellsInDemand(
    std::vector<release::v1::Cell> cells);

}  // namespace gantry

#endif  // GANTRY_BASE_CELLS_IN_DEMAND_H_
