#ifndef GANTRY_BUILDER_MODULES_PATCH_CONDITION_H_
#define GANTRY_BUILDER_MODULES_PATCH_CONDITION_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "builder/modules/patch_selection.pb.h"

namespace gantry::modules {

// Whether the patch's pattern matches in the header.  Pure.  INVALID_ARGUMENT:
// malformed pattern.
absl::StatusOr<bool> HeaderMatches(const builder::v1::KernelPatch& patch,
                                   absl::string_view header_content);

}  // namespace gantry::modules

#endif  // GANTRY_BUILDER_MODULES_PATCH_CONDITION_H_
