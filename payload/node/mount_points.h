#ifndef GANTRY_PAYLOAD_NODE_MOUNT_POINTS_H_
#define GANTRY_PAYLOAD_NODE_MOUNT_POINTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace gantry::node {

// Returns the mount points of a mountinfo table (proc_pid_mountinfo(5)), in its
// order, with octal escapes decoded.  DATA_LOSS names a line with too few
// fields.
absl::StatusOr<std::vector<std::string>> ParseMountPoints(
    absl::string_view mountinfo);

// Finds a mount on an open directory or anywhere below it, in the mount
// namespace of this process.  Returns the mount point relative to the
// directory, or "" for the directory itself; nullopt if nothing is mounted
// there.
//
// Comparing device numbers is not enough: a bind mount has the number of the
// file system that it shows.  Requires /proc.
absl::StatusOr<absl::optional<std::string>> FindMountPoint(int directory_fd);

// Returns the ID of the mount that an open file is on (proc_pid_fdinfo(5)).
// Files have the same ID if and only if they are on the same mount.  CoreOS's
// kernels (4.14, 4.19) lack STATX_MNT_ID of statx(2), which Linux 5.8 added.
absl::StatusOr<int> MountId(int fd);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_MOUNT_POINTS_H_
