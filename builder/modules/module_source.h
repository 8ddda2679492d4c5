#ifndef GANTRY_BUILDER_MODULES_MODULE_SOURCE_H_
#define GANTRY_BUILDER_MODULES_MODULE_SOURCE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "builder/modules/compile_request.pb.h"

namespace gantry::modules {

// How a source tree is built.
enum class BuildSystem {
  // By the kernel's own makefiles, from a Kbuild file or Makefile.
  kKbuild,
  // By NVIDIA's Makefile, which tests the kernel with conftest.sh first.
  kNvidia,
};

struct ModuleSource {
  // The folder with the Kbuild file or Makefile.
  std::string directory;
  BuildSystem build_system = BuildSystem::kKbuild;
};

// Puts the request's sources below the folder `directory` and finds their top.
//
// An archive is a tar (plain or compressed), or a .deb, of which only what lies
// below usr/src counts: tar archives in it are unpacked, other files taken as
// they are.  The top is the directory nearest to the archive's top that has a
// Kbuild file or Makefile; if NVIDIA's kernel-open and kernel are side by side,
// the request's flavour selects one, or kernel-open if it is unset.
// NOT_FOUND: there is no such directory, or it has not the modules of the
// requested flavour.
absl::StatusOr<ModuleSource> UnpackModuleSource(
    const builder::v1::CompileRequest& request, const std::string& directory);

}  // namespace gantry::modules

#endif  // GANTRY_BUILDER_MODULES_MODULE_SOURCE_H_
