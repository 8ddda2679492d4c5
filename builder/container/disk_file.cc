#include "builder/container/disk_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace gantry::container {

absl::StatusOr<DiskFile> DiskFile::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, path);
  return FromDescriptor(fd, path);
}

absl::StatusOr<DiskFile> DiskFile::FromDescriptor(int fd, std::string name) {
  absl::Cleanup close_fd = [fd] { close(fd); };
  struct stat info;
  if (fstat(fd, &info) != 0) return ErrnoStatus(errno, name);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": not a regular file"));
  }
  std::move(close_fd).Cancel();
  return DiskFile(fd, info.st_size, std::move(name));
}

DiskFile::~DiskFile() {
  if (fd_ >= 0) close(fd_);
}

absl::Status DiskFile::ReadAt(uint64_t offset, void* buffer,
                              uint64_t length) const {
  if (offset > size_ || length > size_ - offset) {
    return absl::DataLossError(absl::StrCat(name_, ": truncated: ", length,
                                            " bytes wanted at byte ", offset,
                                            ", the image has ", size_));
  }
  char* out = static_cast<char*>(buffer);
  while (length > 0) {
    const ssize_t got = pread(fd_, out, length, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return ErrnoStatus(errno, absl::StrCat(name_, ": byte ", offset));
    }
    if (got == 0) {
      return absl::DataLossError(
          absl::StrCat(name_, ": truncated at byte ", offset));
    }
    out += got;
    offset += got;
    length -= got;
  }
  return absl::OkStatus();
}

}  // namespace gantry::container
