#ifndef GANTRY_BUILDER_CONTAINER_CONTAINER_FACTS_H_
#define GANTRY_BUILDER_CONTAINER_CONTAINER_FACTS_H_

#include <string>

#include "absl/status/statusor.h"
#include "builder/container/ext4_reader.h"
#include "proto/developer_container.pb.h"

namespace gantry::container {

// Reads the facts from a developer container's root file system.
//
// The kernel release is the name of the one folder with a `build` entry in
// /lib*/modules and /usr/lib*/modules (CoreOS has lib64, Flatcar lib).
// FAILED_PRECONDITION: there is none, or there are several; the message names
// what there is.
absl::StatusOr<builder::v1::DeveloperContainer> ReadContainerFacts(
    Ext4Reader& root);

// Module.symvers of the container's build tree.  NOT_FOUND: it has none.
absl::StatusOr<std::string> ReadModuleSymvers(
    Ext4Reader& root, const builder::v1::DeveloperContainer& facts);

// The container's kernel image.  NOT_FOUND: it has none.
absl::StatusOr<std::string> ReadKernelImage(
    Ext4Reader& root, const builder::v1::DeveloperContainer& facts);

}  // namespace gantry::container

#endif  // GANTRY_BUILDER_CONTAINER_CONTAINER_FACTS_H_
