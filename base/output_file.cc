#include "base/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/fd_io.h"
#include "base/status.h"

namespace gantry {

absl::StatusOr<OutputFile> OutputFile::Create(std::string path) {
  UniqueFd fd(
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd.ok()) return ErrnoStatus(errno, path);
  return OutputFile(std::move(path), std::move(fd));
}

OutputFile::~OutputFile() {
  if (fd_.ok()) unlink(path_.c_str());
}

absl::Status OutputFile::Append(absl::string_view data) {
  return WriteAll(fd_.get(), data, path_);
}

absl::Status OutputFile::Close() {
  if (close(fd_.Release()) == 0) return absl::OkStatus();
  const absl::Status status = ErrnoStatus(errno, path_);
  unlink(path_.c_str());
  return status;
}

}  // namespace gantry
