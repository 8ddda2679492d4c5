#include "base/fd_io.h"

#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace gantry {
namespace {

constexpr size_t kPieceSize = 1 << 20;

}  // namespace

absl::Status WriteAll(int fd, absl::string_view data, absl::string_view name) {
  while (!data.empty()) {
    const ssize_t written = write(fd, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus(errno, name);
    data.remove_prefix(written);
  }
  return absl::OkStatus();
}

absl::Status WriteAllAt(int fd, uint64_t offset, absl::string_view data,
                        absl::string_view name) {
  while (!data.empty()) {
    const ssize_t written = pwrite(fd, data.data(), data.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus(errno, name);
    offset += written;
    data.remove_prefix(written);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadAll(int fd, absl::string_view name) {
  std::string content;
  GANTRY_RETURN_IF_ERROR(ReadPieces(fd, name, [&](absl::string_view piece) {
    content.append(piece.data(), piece.size());
    return absl::OkStatus();
  }));
  return content;
}

absl::Status ReadPieces(
    int fd, absl::string_view name,
    absl::FunctionRef<absl::Status(absl::string_view)> sink) {
  const std::unique_ptr<char[]> buffer(new char[kPieceSize]);
  while (true) {
    const ssize_t size = read(fd, buffer.get(), kPieceSize);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return ErrnoStatus(errno, name);
    if (size == 0) return absl::OkStatus();
    GANTRY_RETURN_IF_ERROR(sink(absl::string_view(buffer.get(), size)));
  }
}

absl::Status ReadAllAt(int fd, uint64_t offset, void* buffer, size_t size,
                       absl::string_view name) {
  char* out = static_cast<char*>(buffer);
  while (size > 0) {
    const ssize_t got = pread(fd, out, size, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return ErrnoStatus(errno, absl::StrCat(name, ": at byte ", offset));
    }
    if (got == 0) {
      return absl::DataLossError(
          absl::StrCat(name, ": truncated: ends before byte ", offset));
    }
    out += got;
    offset += got;
    size -= got;
  }
  return absl::OkStatus();
}

}  // namespace gantry
