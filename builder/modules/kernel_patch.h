#ifndef GANTRY_BUILDER_MODULES_KERNEL_PATCH_H_
#define GANTRY_BUILDER_MODULES_KERNEL_PATCH_H_

#include <string>

#include "absl/status/status.h"

namespace gantry::modules {

// Applies a unified diff (-p1) to the tree in `directory` with GNU patch. Lines
// may have moved, but the context must match exactly.
//
// FAILED_PRECONDITION, naming patch, file and hunk: it does not apply.  The
// tree may then be partly patched.
absl::Status ApplyPatch(const std::string& patch_file,
                        const std::string& directory);

}  // namespace gantry::modules

#endif  // GANTRY_BUILDER_MODULES_KERNEL_PATCH_H_
