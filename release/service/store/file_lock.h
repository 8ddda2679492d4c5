#ifndef GANTRY_RELEASE_SERVICE_STORE_FILE_LOCK_H_
#define GANTRY_RELEASE_SERVICE_STORE_FILE_LOCK_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace gantry::service {

// Holds a file's lock (flock(2)) until it ends, or the process does.
class FileLock {
 public:
  // Creates the file if need be; it stays.  FAILED_PRECONDITION: another has
  // the lock.
  static absl::StatusOr<FileLock> Acquire(const std::string& path);

  FileLock(FileLock&& other) : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&& other) {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}

  int fd_;
};

}  // namespace gantry::service

#endif  // GANTRY_RELEASE_SERVICE_STORE_FILE_LOCK_H_
