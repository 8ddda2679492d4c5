#ifndef GANTRY_BASE_UNNAMED_FILE_H_
#define GANTRY_BASE_UNNAMED_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace gantry {

// Creates a file without a name for scratch data, open for reading and writing.
// The kernel frees it when the last descriptor is closed, even if the process
// is killed.  It is on the file system of `directory` (if empty, of
// TempDir::DefaultParent()).
absl::StatusOr<UniqueFd> CreateUnnamedFile(const std::string& directory);

}  // namespace gantry

#endif  // GANTRY_BASE_UNNAMED_FILE_H_
