#ifndef GANTRY_BASE_FILE_H_
#define GANTRY_BASE_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry {

// The whole content of a file.  Errors name the path.
absl::StatusOr<std::string> ReadFile(const std::string& path);

// Replaces `path` atomically: after a crash at any moment the path holds the
// old content or the new one, and after OK the new one is durable (file and
// directory are synced).  The directory must exist.  Permissions are 0644.
absl::Status WriteFileAtomically(const std::string& path,
                                 absl::string_view content);

// Creates the directory and its missing parents, with permissions 0755.
absl::Status CreateDirectories(const std::string& path);

// `directory` + "/" + `name`, with one slash between them.
std::string JoinPath(absl::string_view directory, absl::string_view name);

}  // namespace gantry

#endif  // GANTRY_BASE_FILE_H_
