#include "payload/node/free_space.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>

#include "absl/status/status.h"
#include "base/relative_path.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace gantry::node {

absl::StatusOr<FreeSpace> ReadFreeSpace(const Directory& rootfs,
                                        std::string path) {
  absl::StatusOr<Directory> directory = rootfs.Resolve(path);
  while (absl::IsNotFound(directory.status()) && !path.empty()) {
    path = std::string(ParentPath(path));
    directory = rootfs.Resolve(path);
  }
  GANTRY_RETURN_IF_ERROR(directory.status());
  struct statvfs file_system;
  struct stat info;
  if (fstatvfs(directory->fd(), &file_system) != 0 ||
      fstat(directory->fd(), &info) != 0) {
    return ErrnoStatus(errno, directory->path());
  }
  FreeSpace space;
  space.device = info.st_dev;
  space.path = directory->path();
  space.block_size = file_system.f_frsize;
  space.bytes = file_system.f_bavail * file_system.f_frsize;
  if (file_system.f_files != 0) space.inodes = file_system.f_favail;
  return space;
}

}  // namespace gantry::node
