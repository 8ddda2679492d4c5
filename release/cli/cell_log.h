#ifndef GANTRY_RELEASE_CLI_CELL_LOG_H_
#define GANTRY_RELEASE_CLI_CELL_LOG_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "release/service/client/release_client.h"

namespace gantry::cli {

struct CellLog {
  // Where the worker wrote it; may be empty.
  std::string uri;
  // NOT_FOUND, saying where the log is: there is none, or it is neither in the
  // service nor a regular file that this machine can read.
  absl::StatusOr<std::string> content;
};

// The log of an attempt to build a cell, from the service or, if that has none,
// from the file that its worker wrote.  `fencing_token` 0: the log of the
// cell's last failure.  NOT_FOUND: there is no such cell or attempt.
absl::StatusOr<CellLog> FindCellLog(service::ReleaseClient& client,
                                    absl::string_view id,
                                    int64_t fencing_token);

}  // namespace gantry::cli

#endif  // GANTRY_RELEASE_CLI_CELL_LOG_H_
