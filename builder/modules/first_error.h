#ifndef GANTRY_BUILDER_MODULES_FIRST_ERROR_H_
#define GANTRY_BUILDER_MODULES_FIRST_ERROR_H_

#include <string>

#include "absl/strings/string_view.h"

namespace gantry::modules {

// Returns the first error in the log of a kernel build, as
// "<file>:<line>: <message>", or as "<message>" if the log gives no position.
// Paths below /build are made relative to it.  Pure.
//
// It is the first error of a tool (compiler, assembler, linker, modpost,
// objtool, NVIDIA's conftest.sh, the kernel's OOM killer); if there is none,
// the first error of make; otherwise the last line that is not empty.  "" for
// an empty log.
std::string FindFirstError(absl::string_view log);

}  // namespace gantry::modules

#endif  // GANTRY_BUILDER_MODULES_FIRST_ERROR_H_
