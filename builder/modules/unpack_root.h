#ifndef GANTRY_BUILDER_MODULES_UNPACK_ROOT_H_
#define GANTRY_BUILDER_MODULES_UNPACK_ROOT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace gantry::modules {

// Whether compiling kernel modules can do without this path of a developer
// container ("usr/share/doc/...", relative): documentation, firmware, the
// kernel's own modules, package databases, and what is mounted at run time.
bool IsNeedlessForCompiling(absl::string_view path);

// Unpacks a developer container's root tar into a folder that a Sandbox can
// have as its root, without what IsNeedlessForCompiling() names.  Needs no
// rights.  Errors as of ExtractArchive().
absl::Status UnpackRoot(const std::string& root_tar,
                        const std::string& directory);

}  // namespace gantry::modules

#endif  // GANTRY_BUILDER_MODULES_UNPACK_ROOT_H_
