#include "payload/node/install_lock.h"

#include <fcntl.h>

#include <cerrno>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "payload/node/exit_code.h"
#include "payload/node/host_paths.h"

namespace gantry::node {

absl::StatusOr<FileLock> LockHost(const Directory& rootfs) {
  GANTRY_ASSIGN_OR_RETURN(const Directory directory,
                          rootfs.ResolveOrCreate(kLockDirectory));
  const std::string path = JoinPath(directory.path(), kLockName);
  UniqueFd fd(openat(directory.fd(), kLockName,
                     O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.ok()) return ErrnoStatus(errno, path);
  absl::StatusOr<FileLock> lock = FileLock::TryAcquire(std::move(fd), path);
  if (!absl::IsFailedPrecondition(lock.status())) return lock;
  return WithExitCode(
      absl::UnavailableError(absl::StrCat(
          "another installer is running on this host: it holds ", path)),
      ExitCode::kBusy);
}

}  // namespace gantry::node
