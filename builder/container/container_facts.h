#ifndef GANTRY_BUILDER_CONTAINER_CONTAINER_FACTS_H_
#define GANTRY_BUILDER_CONTAINER_CONTAINER_FACTS_H_

#include <string>

#include "absl/status/statusor.h"
#include "builder/container/ext4_reader.h"
#include "proto/developer_container.pb.h"

namespace gantry::container {

// Reads the facts from a developer container's root file system.
//
// The kernel release is the name of the only directory with a `build` entry in
// /lib*/modules or /usr/lib*/modules (CoreOS has lib64, Flatcar lib).
// FAILED_PRECONDITION, with the directories found: none has one, or several do.
absl::StatusOr<builder::v1::DeveloperContainer> ReadContainerFacts(
    Ext4Reader& root);

// Reads Module.symvers of the container's build tree.  NOT_FOUND: no such file.
absl::StatusOr<std::string> ReadModuleSymvers(
    Ext4Reader& root, const builder::v1::DeveloperContainer& facts);

// Reads the container's kernel image.  NOT_FOUND: it has none.
absl::StatusOr<std::string> ReadKernelImage(
    Ext4Reader& root, const builder::v1::DeveloperContainer& facts);

}  // namespace gantry::container

#endif  // GANTRY_BUILDER_CONTAINER_CONTAINER_FACTS_H_
