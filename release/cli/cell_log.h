#ifndef GANTRY_RELEASE_CLI_CELL_LOG_H_
#define GANTRY_RELEASE_CLI_CELL_LOG_H_

#include <string>

#include "absl/status/statusor.h"
#include "proto/cell.pb.h"

namespace gantry::cli {

// The content of the log at `cell.log_uri`.  NOT_FOUND, saying where the log
// is: there is none, or it is not a regular file that this machine can read.
absl::StatusOr<std::string> ReadCellLog(const release::v1::Cell& cell);

}  // namespace gantry::cli

#endif  // GANTRY_RELEASE_CLI_CELL_LOG_H_
