#include "base/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/status.h"

namespace gantry {

absl::StatusOr<OutputFile> OutputFile::Create(std::string path) {
  const int fd =
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoStatus(errno, path);
  return OutputFile(std::move(path), fd);
}

OutputFile::OutputFile(OutputFile&& other)
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

OutputFile::~OutputFile() {
  if (fd_ < 0) return;
  close(fd_);
  unlink(path_.c_str());
}

absl::Status OutputFile::Append(absl::string_view data) {
  while (!data.empty()) {
    const ssize_t wrote = write(fd_, data.data(), data.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return ErrnoStatus(errno, path_);
    data.remove_prefix(wrote);
  }
  return absl::OkStatus();
}

absl::Status OutputFile::Close() {
  if (close(std::exchange(fd_, -1)) == 0) return absl::OkStatus();
  const absl::Status status = ErrnoStatus(errno, path_);
  unlink(path_.c_str());
  return status;
}

}  // namespace gantry
