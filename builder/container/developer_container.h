#ifndef GANTRY_BUILDER_CONTAINER_DEVELOPER_CONTAINER_H_
#define GANTRY_BUILDER_CONTAINER_DEVELOPER_CONTAINER_H_

#include <ostream>
#include <string>

#include "absl/status/status.h"

namespace gantry::container {

// The outputs to extract from a developer container.  Those with an empty path
// are not written.
struct DeveloperContainerOptions {
  // Path of the disk image; see OpenImage().
  std::string image;
  // Root file system, as RootTarWriter writes it.
  std::string tar;
  // gantry.builder.v1.DeveloperContainer in the text format.
  std::string facts;
  // Module.symvers of the build tree.
  std::string symvers;
  // Kernel image.
  std::string kernel_image;
  // If set, the container must have this kernel release.
  std::string expected_kernel_release;
};

// Reads the partition labelled ROOT of a Container Linux developer container.
// Writes all outputs, or none.  Returns the errors of OpenImage, FindPartition,
// Ext4Reader and ReadContainerFacts.  FAILED_PRECONDITION, naming both: the
// kernel release is not the expected one.
absl::Status ReadDeveloperContainer(const DeveloperContainerOptions& options);

// Prints one line per file, as `ls -l` does: mode, links, owner, size, time
// (UTC), path and target.  Control characters in names are escaped.
absl::Status ListDeveloperContainer(const std::string& image,
                                    std::ostream& out);

}  // namespace gantry::container

#endif  // GANTRY_BUILDER_CONTAINER_DEVELOPER_CONTAINER_H_
