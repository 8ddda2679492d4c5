#ifndef GANTRY_BUILDER_CONTAINER_DEBIAN_HOST_TOOL_H_
#define GANTRY_BUILDER_CONTAINER_DEBIAN_HOST_TOOL_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::container {

// Finds a program of the machine, including in the directories of root's PATH,
// and returns its absolute path.  NOT_FOUND, naming the Debian package that
// contains it: it is not installed.
absl::StatusOr<std::string> FindHostTool(absl::string_view name,
                                         absl::string_view package);

// Runs a program in an environment that is the same on every machine, with the
// clock of e2fsprogs stopped.  Returns its standard output.  INTERNAL, with the
// program's name, the code and the end of standard error: it exited with a code
// other than 0.
absl::StatusOr<std::string> RunHostTool(const std::vector<std::string>& argv,
                                        absl::string_view input = "");

}  // namespace gantry::container

#endif  // GANTRY_BUILDER_CONTAINER_DEBIAN_HOST_TOOL_H_
