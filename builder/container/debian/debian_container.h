#ifndef GANTRY_BUILDER_CONTAINER_DEBIAN_DEBIAN_CONTAINER_H_
#define GANTRY_BUILDER_CONTAINER_DEBIAN_DEBIAN_CONTAINER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace gantry::container {

struct DebianContainerOptions {
  // Paths of Debian packages: image and headers of a kernel, and everything
  // that is needed to compile against them.  In any order.
  std::vector<std::string> packages;
  // Path of builder/container/debian/unpack.sh.
  std::string unpack_script;
  // Path of the disk image to write.
  std::string output;
};

// Makes a developer container of Debian packages, which Debian does not
// publish, in the format in which Container Linux does, compressed with zstd.
//
// Nothing is mounted, and neither privileges nor network are needed.  The same
// packages give the same bytes for any user, with one version of e2fsprogs and
// zstd.  Works in a directory next to `output`, with three times the space of
// the unpacked packages.  This process's umask must be 022.
//
// INVALID_ARGUMENT: two packages have the same file name.
absl::Status MakeDebianContainer(const DebianContainerOptions& options);

}  // namespace gantry::container

#endif  // GANTRY_BUILDER_CONTAINER_DEBIAN_DEBIAN_CONTAINER_H_
