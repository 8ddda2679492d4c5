#ifndef GANTRY_BUILDER_MODULES_BUILD_OUTPUTS_H_
#define GANTRY_BUILDER_MODULES_BUILD_OUTPUTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::modules {

// The regular files below `directory` whose names end in `suffix`, relative to
// it, sorted.  Symbolic links are neither returned nor followed.
std::vector<std::string> FindFiles(const std::string& directory,
                                   absl::string_view suffix);

// The result of a kernel build.
struct BuildOutputs {
  // The modules and modules.order, as MakeTar() makes it.
  std::string modules_tar;
  // Content of the Module.symvers that the build wrote.
  std::string module_symvers;
};

// Collects the modules and Module.symvers from the directory in which they were
// built.  Only regular files of that directory are read: a symbolic link, which
// the sources may contain or the build may create, could refer to any file of
// this machine.
//
// `selected` are the modules to keep, as for LoadOrder().
//
// NOT_FOUND: no module, or no Module.symvers.  INVALID_ARGUMENT: two modules
// have the same name, or a file is damaged or a link.  Also the errors of
// LoadOrder().
absl::StatusOr<BuildOutputs> ReadBuildOutputs(
    const std::string& directory, const std::vector<std::string>& selected);

}  // namespace gantry::modules

#endif  // GANTRY_BUILDER_MODULES_BUILD_OUTPUTS_H_
