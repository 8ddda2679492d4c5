#ifndef GANTRY_BASE_UNNAMED_FILE_H_
#define GANTRY_BASE_UNNAMED_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace gantry {

// Creates a file for scratch data that no path leads to: the kernel frees it
// when the last descriptor is closed, however the process ends.  It lies on the
// file system of `directory`; empty: that of TempDir's default.  Open for
// reading and writing.
absl::StatusOr<UniqueFd> CreateUnnamedFile(const std::string& directory);

}  // namespace gantry

#endif  // GANTRY_BASE_UNNAMED_FILE_H_
