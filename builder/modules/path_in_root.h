#ifndef GANTRY_BUILDER_MODULES_PATH_IN_ROOT_H_
#define GANTRY_BUILDER_MODULES_PATH_IN_ROOT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::modules {

// The path that `path` has inside the root file system that lies in the folder
// `root`, once every symlink on the way, its last part included, is followed as
// if that folder were "/".  Absolute; JoinPath(root, result) is the file.
// NOT_FOUND: there is no such file.  INVALID_ARGUMENT: symlinks in a circle.
absl::StatusOr<std::string> ResolveInRoot(const std::string& root,
                                          absl::string_view path);

}  // namespace gantry::modules

#endif  // GANTRY_BUILDER_MODULES_PATH_IN_ROOT_H_
