#ifndef GANTRY_BUILDER_MODULES_UNPACK_ROOT_H_
#define GANTRY_BUILDER_MODULES_UNPACK_ROOT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace gantry::modules {

// Whether compiling kernel modules may need this path of a developer container
// (relative: "usr/bin/gcc").  Not needed are documentation, firmware, the
// kernel's own modules, package databases, and mount points.
bool IsNeededForCompiling(absl::string_view path);

// Unpacks those files of a developer container's root tar that
// IsNeededForCompiling() into a directory that can be the root of a Sandbox.
// Needs no privileges.  Returns the errors of ExtractArchive().
absl::Status UnpackRoot(const std::string& root_tar,
                        const std::string& directory);

}  // namespace gantry::modules

#endif  // GANTRY_BUILDER_MODULES_UNPACK_ROOT_H_
