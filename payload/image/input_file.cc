#include "payload/image/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace gantry::image {

absl::StatusOr<std::shared_ptr<const InputFile>> InputFile::Open(
    std::string path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, path);
  struct stat stat;
  if (fstat(fd, &stat) != 0) {
    const int error = errno;
    close(fd);
    return ErrnoStatus(error, path);
  }
  return std::shared_ptr<const InputFile>(
      new InputFile(std::move(path), fd, stat.st_size));
}

InputFile::~InputFile() { close(fd_); }

absl::Status InputFile::Read(int64_t offset, char* buffer, size_t size) const {
  while (size > 0) {
    const ssize_t got = pread(fd_, buffer, size, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return ErrnoStatus(errno, absl::StrCat(path_, ": at byte ", offset));
    }
    if (got == 0) {
      return absl::DataLossError(
          absl::StrCat(path_, ": truncated: it ends at byte ", offset));
    }
    buffer += got;
    offset += got;
    size -= got;
  }
  return absl::OkStatus();
}

}  // namespace gantry::image
