#ifndef GANTRY_RELEASE_CLI_DEMAND_H_
#define GANTRY_RELEASE_CLI_DEMAND_H_

#include <string>
#include <vector>

#include "proto/cell.pb.h"

namespace gantry::cli {

// A table with one line per cell.
std::string FormatDemand(const std::vector<release::v1::Cell>& cells);

}  // namespace gantry::cli

#endif  // GANTRY_RELEASE_CLI_DEMAND_H_
