#include "release/cli/cell_log.h"

#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/file.h"

namespace gantry::cli {

absl::StatusOr<std::string> ReadCellLog(const release::v1::Cell& cell) {
  if (cell.log_uri().empty()) {
    return absl::NotFoundError(absl::StrCat(cell.id(), " has no log"));
  }
  absl::string_view path = cell.log_uri();
  // Workers do not encode paths.  A URI with a host has no "/" there.
  if (absl::ConsumePrefix(&path, "file://") && absl::StartsWith(path, "/")) {
    std::error_code error;
    // Others, such as a FIFO, may never end.
    if (std::filesystem::is_regular_file(std::string(path), error)) {
      absl::StatusOr<std::string> content = ReadFile(std::string(path));
      if (content.ok()) return content;
    }
  }
  return absl::NotFoundError(absl::StrCat(
      "the log of ", cell.id(),
      " is not a readable file on this machine: ", cell.log_uri()));
}

}  // namespace gantry::cli
