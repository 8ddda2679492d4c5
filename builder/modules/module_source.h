#ifndef GANTRY_BUILDER_MODULES_MODULE_SOURCE_H_
#define GANTRY_BUILDER_MODULES_MODULE_SOURCE_H_

#include <string>

#include "absl/status/statusor.h"
#include "builder/modules/compile_request.pb.h"

namespace gantry::modules {

// How a source tree is built.
enum class BuildSystem {
  // By the kernel's makefiles, from a Kbuild file or Makefile.
  kKbuild,
  // By NVIDIA's Makefile, which tests the kernel with conftest.sh first.
  kNvidia,
};

struct ModuleSource {
  // The directory with the Kbuild file or Makefile.
  std::string directory;
  BuildSystem build_system = BuildSystem::kKbuild;
};

// Unpacks or copies the request's sources into `directory` and finds the
// directory to build.
//
// An archive is a tar (plain or compressed) or a .deb.  From a .deb, the tar
// archives in usr/src are unpacked, or if there are none, usr/src is.
//
// The directory to build is the uppermost one with a Kbuild file or Makefile.
// In NVIDIA's own layout it is kernel-open or kernel, depending on the
// request's flavour; the tree of the other flavour is never chosen.  Symbolic
// links to directories are not followed.
//
// NOT_FOUND: no such directory.  FAILED_PRECONDITION: it builds NVIDIA's module
// in the other flavour than the request's.
absl::StatusOr<ModuleSource> UnpackModuleSource(
    const builder::v1::CompileRequest& request, const std::string& directory);

}  // namespace gantry::modules

#endif  // GANTRY_BUILDER_MODULES_MODULE_SOURCE_H_
