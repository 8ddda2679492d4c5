#include "base/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "base/fd_io.h"
#include "base/status.h"

namespace gantry {

absl::StatusOr<InputFile> InputFile::Open(const std::string& path) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, path);
  return FromDescriptor(std::move(fd), path);
}

absl::StatusOr<InputFile> InputFile::FromDescriptor(UniqueFd fd,
                                                    std::string name) {
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, name);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": not a regular file"));
  }
  return InputFile(std::move(fd), std::move(name), info.st_size);
}

absl::Status InputFile::ReadAt(uint64_t offset, void* buffer,
                               uint64_t size) const {
  if (offset > size_ || size > size_ - offset) {
    return absl::DataLossError(absl::StrCat(name_, ": truncated: needs ", size,
                                            " bytes at byte ", offset,
                                            ", but the file has ", size_));
  }
  return ReadAllAt(fd_.get(), offset, buffer, size, name_);
}

}  // namespace gantry
