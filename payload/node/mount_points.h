#ifndef GANTRY_PAYLOAD_NODE_MOUNT_POINTS_H_
#define GANTRY_PAYLOAD_NODE_MOUNT_POINTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace gantry::node {

// The mount points of a mountinfo table (proc_pid_mountinfo(5)), in its order,
// with octal escapes decoded.  DATA_LOSS names a line that has too few fields.
absl::StatusOr<std::vector<std::string>> ParseMountPoints(
    absl::string_view mountinfo);

// Finds something that is mounted on the open directory or anywhere below it,
// in this process's mount namespace.  Returns the mount point relative to the
// directory, "" for the directory itself; nullopt if nothing is mounted there.
//
// Device numbers would not do: a bind mount within one file system has the same
// one.  Needs /proc.
absl::StatusOr<absl::optional<std::string>> FindMountPoint(int directory_fd);

// The ID of the mount that an open file belongs to (proc_pid_fdinfo(5)): two
// files of one mount have the same one.  Unlike statx(2)'s STATX_MNT_ID, which
// Linux 5.8 added, the kernels of CoreOS (4.14, 4.19) have it.
absl::StatusOr<int> MountId(int fd);

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_MOUNT_POINTS_H_
