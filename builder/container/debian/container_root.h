#ifndef GANTRY_BUILDER_CONTAINER_DEBIAN_CONTAINER_ROOT_H_
#define GANTRY_BUILDER_CONTAINER_DEBIAN_CONTAINER_ROOT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace gantry::container {

// Creates the directory `root` with a root file system of the Debian packages
// `packages`, unpacked in this order by `unpack_script`
// (builder/container/debian/unpack.sh), without running their maintainer
// scripts.  `as_root` is a command prefix with which files keep owners that
// the user may not set.
//
// Has what the maintainer scripts would have created and compiling needs: the
// links of merged /usr, mount points, accounts and alternatives.  Files that
// come from no package have the time 0.  This process's umask must be 022.
absl::Status MakeContainerRoot(const std::vector<std::string>& packages,
                               const std::string& unpack_script,
                               const std::vector<std::string>& as_root,
                               const std::string& root);

}  // namespace gantry::container

#endif  // GANTRY_BUILDER_CONTAINER_DEBIAN_CONTAINER_ROOT_H_
