#include "payload/node/new_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/fd_io.h"
#include "base/status_macros.h"
#include "payload/node/exit_code.h"

namespace gantry::node {

absl::Status NewFile::Before(absl::string_view operation) const {
  return before_ ? before_(operation, path_) : absl::OkStatus();
}

absl::Status NewFile::Write(absl::string_view data) {
  GANTRY_RETURN_IF_ERROR(Before("write"));
  absl::Status status = WriteAll(fd_.get(), data, path_);
  if (!absl::IsResourceExhausted(status)) return status;
  return WithExitCode(std::move(status), ExitCode::kNoSpace);
}

absl::Status NewFile::Finish(mode_t mode) {
  GANTRY_RETURN_IF_ERROR(Before("chmod"));
  if (fchmod(fd_.get(), mode) != 0) return SystemError(errno, path_);
  fd_.Close();
  return absl::OkStatus();
}

absl::Status NewFile::FinishDurably(mode_t mode) {
  GANTRY_RETURN_IF_ERROR(Before("sync"));
  if (fsync(fd_.get()) != 0) return SystemError(errno, path_);
  return Finish(mode);
}

}  // namespace gantry::node
