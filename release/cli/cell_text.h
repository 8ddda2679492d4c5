#ifndef GANTRY_RELEASE_CLI_CELL_TEXT_H_
#define GANTRY_RELEASE_CLI_CELL_TEXT_H_

#include <string>
#include <vector>

#include "proto/cell.pb.h"

namespace gantry::cli {

// A table for people, one line per cell.
std::string FormatTable(const std::vector<release::v1::Cell>& cells);

// "name: value" lines for people.
std::string FormatCell(const release::v1::Cell& cell);

}  // namespace gantry::cli

#endif  // GANTRY_RELEASE_CLI_CELL_TEXT_H_
