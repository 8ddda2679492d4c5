#ifndef GANTRY_BUILDER_MODULES_FIRST_ERROR_H_
#define GANTRY_BUILDER_MODULES_FIRST_ERROR_H_

#include <string>

#include "absl/strings/string_view.h"

namespace gantry::modules {

// The line of a kernel build's log that a person should read first, as
// "<file>:<line>: <message>", or as "<message>" where the log tells no place.
// Paths below /build are relative to it.  Pure.
//
// Looks for what tools say (compiler, assembler, linker, modpost, objtool,
// NVIDIA's conftest.sh, a process killed for lack of memory); only if no tool
// says anything, for what make itself says; else it is the last line that is
// not empty.  "" for an empty log.
std::string FindFirstError(absl::string_view log);

}  // namespace gantry::modules

#endif  // GANTRY_BUILDER_MODULES_FIRST_ERROR_H_
