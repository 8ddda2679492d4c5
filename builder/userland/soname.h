#ifndef GANTRY_BUILDER_USERLAND_SONAME_H_
#define GANTRY_BUILDER_USERLAND_SONAME_H_

#include <string>

#include "absl/strings/string_view.h"

namespace gantry::userland {

// DT_SONAME of a shared library (System V ABI, "Dynamic Section"), found as the
// dynamic linker does: through the program headers.  Empty where the bytes are
// not an ELF file or have no such entry; a name with a slash counts as none.
std::string Soname(absl::string_view elf);

}  // namespace gantry::userland

#endif  // GANTRY_BUILDER_USERLAND_SONAME_H_
