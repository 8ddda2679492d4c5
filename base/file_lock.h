#ifndef GANTRY_BASE_FILE_LOCK_H_
#define GANTRY_BASE_FILE_LOCK_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/unique_fd.h"

namespace gantry {

// Holds the lock of a file or directory (flock(2)), which is exclusive unless
// said otherwise, until this object is destroyed, or the process ends for any
// reason.  The lock is advisory: it excludes only others that take it,
// including those in this process.
class FileLock {
 public:
  // Creates the file, with permissions 0644, if it is missing; it is never
  // removed.  FAILED_PRECONDITION at once if the lock is held elsewhere.
  static absl::StatusOr<FileLock> TryAcquire(const std::string& path);

  // Locks an open file; `name` identifies it in errors.
  static absl::StatusOr<FileLock> TryAcquire(UniqueFd fd,
                                             absl::string_view name);

  // Opens and locks an existing directory.  Waits until the lock is free.
  static absl::StatusOr<FileLock> AcquireDirectory(const std::string& path);

  // As AcquireDirectory(), but any number of others may share the lock at the
  // same time.
  static absl::StatusOr<FileLock> ShareDirectory(const std::string& path);

  FileLock(FileLock&&) = default;
  FileLock& operator=(FileLock&&) = default;

  // The locked file.
  int fd() const { return fd_.get(); }

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace gantry

#endif  // GANTRY_BASE_FILE_LOCK_H_
