#ifndef GANTRY_BUILDER_MODULES_KERNEL_PATCH_H_
#define GANTRY_BUILDER_MODULES_KERNEL_PATCH_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "builder/modules/compile_request.pb.h"

namespace gantry::modules {

// Whether the patch's pattern matches in the header.  Pure.  INVALID_ARGUMENT:
// malformed pattern.
absl::StatusOr<bool> HeaderMatches(const builder::v1::KernelPatch& patch,
                                   absl::string_view header_content);

// Applies a unified diff (-p1) to the tree in `directory` with GNU patch. Lines
// may have moved, but the context must match exactly.
//
// FAILED_PRECONDITION, naming patch, file and hunk: it does not apply.  The
// tree may then be partly patched.
absl::Status ApplyPatch(const std::string& patch_file,
                        const std::string& directory);

}  // namespace gantry::modules

#endif  // GANTRY_BUILDER_MODULES_KERNEL_PATCH_H_
