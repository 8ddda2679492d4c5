#ifndef GANTRY_BUILDER_CONTAINER_DEVELOPER_CONTAINER_H_
#define GANTRY_BUILDER_CONTAINER_DEVELOPER_CONTAINER_H_

#include <ostream>
#include <string>

#include "absl/status/status.h"

namespace gantry::container {

// What to take out of a developer container.  An empty path: not wanted.
struct DeveloperContainerOptions {
  // The disk image; see OpenImage.
  std::string image;
  // Root file system, as TarWriter writes it.
  std::string tar;
  // gantry.builder.v1.DeveloperContainer in the text format.
  std::string facts;
  // Module.symvers of the build tree.
  std::string symvers;
  // Kernel image.
  std::string kernel_image;
  // If set, the kernel release inside must be this.
  std::string expected_kernel_release;
};

// Reads the partition labelled ROOT of a Container Linux developer container.
// All outputs appear, or none.  Errors are those of OpenImage, FindPartition,
// Ext4Reader and ReadContainerFacts; FAILED_PRECONDITION names both kernel
// releases if the expected one is not the one inside.
absl::Status ReadDeveloperContainer(const DeveloperContainerOptions& options);

// Prints the files, one a line, as `ls -l` does: mode, links, owner, size,
// time (UTC), path and target.  Control characters in names are escaped.
absl::Status ListDeveloperContainer(const std::string& image,
                                    std::ostream& out);

}  // namespace gantry::container

#endif  // GANTRY_BUILDER_CONTAINER_DEVELOPER_CONTAINER_H_
