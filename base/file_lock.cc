#include "base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace gantry {
namespace {

// Opens the directory and waits for its lock; `operation` is as for flock(2).
absl::StatusOr<UniqueFd> LockDirectory(const std::string& path, int operation) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, path);
  while (flock(fd.get(), operation) != 0) {
    if (errno != EINTR) return ErrnoStatus(errno, path);
  }
  return fd;
}

}  // namespace

absl::StatusOr<FileLock> FileLock::TryAcquire(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd.ok()) return ErrnoStatus(errno, path);
  return TryAcquire(std::move(fd), path);
}

absl::StatusOr<FileLock> FileLock::TryAcquire(UniqueFd fd,
                                              absl::string_view name) {
  if (flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return FileLock(std::move(fd));
  if (errno != EWOULDBLOCK) return ErrnoStatus(errno, name);
  return absl::FailedPreconditionError(
      absl::StrCat(name, ": locked by another process"));
}

absl::StatusOr<FileLock> FileLock::AcquireDirectory(const std::string& path) {
  GANTRY_ASSIGN_OR_RETURN(UniqueFd fd, LockDirectory(path, LOCK_EX));
  return FileLock(std::move(fd));
}

absl::StatusOr<FileLock> FileLock::ShareDirectory(const std::string& path) {
  GANTRY_ASSIGN_OR_RETURN(UniqueFd fd, LockDirectory(path, LOCK_SH));
  return FileLock(std::move(fd));
}

}  // namespace gantry
