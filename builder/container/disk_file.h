#ifndef GANTRY_BUILDER_CONTAINER_DISK_FILE_H_
#define GANTRY_BUILDER_CONTAINER_DISK_FILE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace gantry::container {

// A raw disk image, open for reading at any offset.  Reads are thread-safe.
class DiskFile {
 public:
  // NOT_FOUND and others as the system says; INVALID_ARGUMENT for a folder.
  static absl::StatusOr<DiskFile> Open(const std::string& path);

  // Takes the descriptor over.  `name` is what errors call the file.
  static absl::StatusOr<DiskFile> FromDescriptor(int fd, std::string name);

  DiskFile(DiskFile&& other)
      : fd_(std::exchange(other.fd_, -1)),
        size_(other.size_),
        name_(std::move(other.name_)) {}
  DiskFile& operator=(DiskFile&&) = delete;
  ~DiskFile();

  // Fills `buffer`.  DATA_LOSS, with name and offset, if the file ends before
  // that.
  absl::Status ReadAt(uint64_t offset, void* buffer, uint64_t length) const;

  int fd() const { return fd_; }
  uint64_t size() const { return size_; }
  const std::string& name() const { return name_; }

 private:
  DiskFile(int fd, uint64_t size, std::string name)
      : fd_(fd), size_(size), name_(std::move(name)) {}

  int fd_;
  const uint64_t size_;
  std::string name_;
};

}  // namespace gantry::container

#endif  // GANTRY_BUILDER_CONTAINER_DISK_FILE_H_
