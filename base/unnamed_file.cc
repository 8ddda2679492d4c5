#include "base/unnamed_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/status.h"
#include "base/temp_dir.h"

namespace gantry {

absl::StatusOr<UniqueFd> CreateUnnamedFile(const std::string& directory) {
  // Not O_TMPFILE, which some file systems lack (overlayfs before Linux 6.1).
  std::string path = JoinPath(
      directory.empty() ? TempDir::DefaultParent() : directory, ".XXXXXX");
  UniqueFd fd(mkostemp(&path[0], O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, path);
  if (unlink(path.c_str()) != 0) return ErrnoStatus(errno, path);
  return fd;
}

}  // namespace gantry
