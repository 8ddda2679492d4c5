#ifndef GANTRY_BUILDER_CONTAINER_DEBIAN_CONTAINER_DISK_H_
#define GANTRY_BUILDER_CONTAINER_DEBIAN_CONTAINER_DISK_H_

#include <string>

#include "absl/status/status.h"
#include "builder/container/debian/container_root.h"

namespace gantry::container {

// Writes a disk image in the layout of Container Linux's developer containers:
// the "container" layout of CoreOS's build_image, a GPT with 512-byte sectors,
// with only its partition 9: ext4, labelled ROOT.
//
// The partition has the files of the directory `root`; they belong to root,
// except for those in `owners`.  The same files give the same bytes,
// independent of clock, user and machine, with one version of e2fsprogs.
// `scratch` is a directory for temporary files.
absl::Status WriteContainerDisk(const std::string& root, const Owners& owners,
                                const std::string& scratch,
                                const std::string& disk);

}  // namespace gantry::container

#endif  // GANTRY_BUILDER_CONTAINER_DEBIAN_CONTAINER_DISK_H_
