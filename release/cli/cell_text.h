#ifndef GANTRY_RELEASE_CLI_CELL_TEXT_H_
#define GANTRY_RELEASE_CLI_CELL_TEXT_H_

#include <string>
#include <vector>

#include "proto/cell.pb.h"
#include "proto/release_service.pb.h"

namespace gantry::cli {

// A table with one line per cell.
std::string FormatCells(const std::vector<release::v1::Cell>& cells);

// A line "name: value" for each field that is set.
std::string FormatCell(const release::v1::Cell& cell);

// Tables with one line per revision or attempt.
std::string FormatRevisions(const release::v1::ListRevisionsResponse& response);
std::string FormatAttempts(const release::v1::ListAttemptsResponse& response);

}  // namespace gantry::cli

#endif  // GANTRY_RELEASE_CLI_CELL_TEXT_H_
