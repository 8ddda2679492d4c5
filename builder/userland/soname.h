#ifndef GANTRY_BUILDER_USERLAND_SONAME_H_
#define GANTRY_BUILDER_USERLAND_SONAME_H_

#include <string>

#include "absl/strings/string_view.h"

namespace gantry::userland {

// The DT_SONAME of a shared library (System V ABI, "Dynamic Section"), found
// through the program headers as the dynamic linker does.  Empty if `elf` is
// not an ELF file or has no such entry, or if the name contains a slash.
std::string Soname(absl::string_view elf);

}  // namespace gantry::userland

#endif  // GANTRY_BUILDER_USERLAND_SONAME_H_
