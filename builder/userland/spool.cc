#include "builder/userland/spool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/fd_io.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/unnamed_file.h"

namespace gantry::userland {
namespace {

// mmap(2) needs offsets that are multiples of the page size.
constexpr int64_t kAlignment = 1 << 16;
constexpr size_t kPieceSize = 1 << 20;

}  // namespace

absl::StatusOr<Spool> Spool::Create(const std::string& directory) {
  GANTRY_ASSIGN_OR_RETURN(UniqueFd fd, CreateUnnamedFile(directory));
  return Spool(JoinPath(directory, "(scratch file)"), std::move(fd));
}

void Spool::Begin() {
  start_ = (end_ + kAlignment - 1) / kAlignment * kAlignment;
  end_ = start_;
}

absl::Status Spool::Append(absl::string_view data) {
  GANTRY_RETURN_IF_ERROR(WriteAllAt(fd_.get(), end_, data, name_));
  end_ += data.size();
  return absl::OkStatus();
}

Spool::Extent Spool::End() { return {start_, end_ - start_}; }

absl::Status Spool::Read(
    const Extent& extent,
    const std::function<absl::Status(absl::string_view)>& sink) const {
  std::vector<char> buffer(kPieceSize);
  for (int64_t done = 0; done < extent.size;) {
    const size_t size = std::min<int64_t>(extent.size - done, buffer.size());
    GANTRY_RETURN_IF_ERROR(
        ReadAllAt(fd_.get(), extent.offset + done, buffer.data(), size, name_));
    GANTRY_RETURN_IF_ERROR(sink(absl::string_view(buffer.data(), size)));
    done += size;
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
  // Writable, because libelf may convert in place; private, so that the file
  // does not change.
  void* const memory = mmap(nullptr, extent.size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE, fd_.get(), extent.offset);
  if (memory == MAP_FAILED) return ErrnoStatus(errno, name_);
  sink(absl::string_view(static_cast<char*>(memory), extent.size));
  munmap(memory, extent.size);
  return absl::OkStatus();
}

}  // namespace gantry::userland
