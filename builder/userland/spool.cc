#include "builder/userland/spool.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace gantry::userland {
namespace {

// Contents begin at pages, so that they can be mapped.
constexpr int64_t kAlignment = 1 << 16;
constexpr size_t kPieceSize = 1 << 20;

}  // namespace

absl::StatusOr<Spool> Spool::Create(const std::string& path) {
  std::string name = absl::StrCat(path, ".spool.XXXXXX");
  const int fd = mkostemp(&name[0], O_CLOEXEC);
  if (fd < 0) return ErrnoStatus(errno, path);
  unlink(name.c_str());
  return Spool(path, fd);
}

Spool::Spool(Spool&& other)
    : path_(other.path_),
      fd_(std::exchange(other.fd_, -1)),
      start_(other.start_),
      end_(other.end_) {}

Spool::~Spool() {
  if (fd_ >= 0) close(fd_);
}

void Spool::Begin() {
  start_ = (end_ + kAlignment - 1) / kAlignment * kAlignment;
  end_ = start_;
}

absl::Status Spool::Append(absl::string_view data) {
  while (!data.empty()) {
    const ssize_t wrote = pwrite(fd_, data.data(), data.size(), end_);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return ErrnoStatus(errno, path_);
    end_ += wrote;
    data.remove_prefix(wrote);
  }
  return absl::OkStatus();
}

Spool::Extent Spool::End() { return {start_, end_ - start_}; }

absl::Status Spool::Read(
    const Extent& extent,
    const std::function<absl::Status(absl::string_view)>& sink) const {
  std::vector<char> buffer(kPieceSize);
  int64_t done = 0;
  while (done < extent.size) {
    const size_t wanted = std::min<int64_t>(extent.size - done, buffer.size());
    const ssize_t got = pread(fd_, buffer.data(), wanted, extent.offset + done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, path_);
    if (got == 0) return absl::DataLossError(absl::StrCat(path_, ": spool"));
    GANTRY_RETURN_IF_ERROR(sink(absl::string_view(buffer.data(), got)));
    done += got;
  }
  return absl::OkStatus();
}

absl::Status Spool::Map(
    const Extent& extent,
    const std::function<void(absl::string_view)>& sink) const {
  if (extent.size == 0) {
    sink("");
    return absl::OkStatus();
  }
  // Private, because libelf wants writable memory where it converts in place.
  void* const memory = mmap(nullptr, extent.size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE, fd_, extent.offset);
  if (memory == MAP_FAILED) return ErrnoStatus(errno, path_);
  sink(absl::string_view(static_cast<char*>(memory), extent.size));
  munmap(memory, extent.size);
  return absl::OkStatus();
}

}  // namespace gantry::userland
