#ifndef GANTRY_BUILDER_MODULES_SELECT_PATCHES_H_
#define GANTRY_BUILDER_MODULES_SELECT_PATCHES_H_

#include "absl/status/status.h"
#include "builder/modules/patch_selection.pb.h"

namespace gantry::modules {

// Decides which patches apply to a kernel, and writes the request's outputs.
//
// `patches_tar` contains the contents of those that apply: 0001.patch,
// 0002.patch and so on, in the request's order, as MakeTar() writes it.  Its
// bytes depend on nothing else: neither on patches that do not apply nor on
// their number, nor on conditions and names.  So, as the only input of a
// compilation, it changes only if the compilation does.
//
// `log` has a line for each patch of the request, by its position from 1.
//
// INVALID_ARGUMENT: a pattern is malformed.  Other errors are those of
// ReadKernelHeaders(), and of reading and writing files.
absl::Status SelectPatches(const builder::v1::PatchSelection& request);

}  // namespace gantry::modules

#endif  // GANTRY_BUILDER_MODULES_SELECT_PATCHES_H_
