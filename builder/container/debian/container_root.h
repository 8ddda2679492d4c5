#ifndef GANTRY_BUILDER_CONTAINER_DEBIAN_CONTAINER_ROOT_H_
#define GANTRY_BUILDER_CONTAINER_DEBIAN_CONTAINER_ROOT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace gantry::container {

// Owner of a file.
struct Owner {
  int64_t uid = 0;
  int64_t gid = 0;
};

// Files that do not belong to root, by their path relative to the root of the
// file system.  Example: "var/local".
using Owners = std::map<std::string, Owner>;

// Creates the directory `root` with a root file system of the Debian packages
// `packages`, unpacked in this order by `unpack_script`
// (builder/container/debian/unpack.sh), without running their maintainer
// scripts.  There all files belong to the user; returns those that should not
// belong to root.
//
// Has what the maintainer scripts would have created and compiling needs: the
// links of merged /usr, mount points, accounts and alternatives.  Files that
// come from no package have the time 0.  This process's umask must be 022.
absl::StatusOr<Owners> MakeContainerRoot(
    const std::vector<std::string>& packages, const std::string& unpack_script,
    const std::string& root);

}  // namespace gantry::container

#endif  // GANTRY_BUILDER_CONTAINER_DEBIAN_CONTAINER_ROOT_H_
