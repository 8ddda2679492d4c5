#ifndef GANTRY_BASE_USER_PATH_H_
#define GANTRY_BASE_USER_PATH_H_

#include <string>

namespace gantry {

// Paths as the user of `bazel run` means them: it starts programs in another
// folder and tells them the user's in environment variables.  Outside of Bazel
// both functions are relative to the working directory.

// A path that the user gave: relative ones are relative to the folder in which
// the user stands ($BUILD_WORKING_DIRECTORY).
std::string UserPath(const std::string& path);

// A path in the workspace ($BUILD_WORKSPACE_DIRECTORY).
std::string WorkspacePath(const std::string& path);

}  // namespace gantry

#endif  // GANTRY_BASE_USER_PATH_H_
