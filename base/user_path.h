#ifndef GANTRY_BASE_USER_PATH_H_
#define GANTRY_BASE_USER_PATH_H_

#include <string>

namespace gantry {

// Paths as the user of `bazel run` means them.  Bazel starts the program in
// another directory and passes the user's in environment variables.  Without
// Bazel, both functions return paths relative to the working directory.

// A path given by the user: a relative one is relative to the user's working
// directory ($BUILD_WORKING_DIRECTORY).
std::string UserPath(const std::string& path);

// A path relative to the workspace ($BUILD_WORKSPACE_DIRECTORY).
std::string WorkspacePath(const std::string& path);

}  // namespace gantry

#endif  // GANTRY_BASE_USER_PATH_H_
