#ifndef GANTRY_BASE_INPUT_FILE_H_
#define GANTRY_BASE_INPUT_FILE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace gantry {

// A regular file, open for reading at any offset.  Thread-safe.
class InputFile {
 public:
  // INVALID_ARGUMENT: not a regular file.
  static absl::StatusOr<InputFile> Open(const std::string& path);

  // `name` identifies the file in errors.
  static absl::StatusOr<InputFile> FromDescriptor(UniqueFd fd,
                                                  std::string name);

  InputFile(InputFile&&) = default;
  InputFile& operator=(InputFile&&) = default;

  // Fills `buffer` with the `size` bytes at `offset`.
  // DATA_LOSS, with the offset: the file ends before them.
  absl::Status ReadAt(uint64_t offset, void* buffer, uint64_t size) const;

  int fd() const { return fd_.get(); }
  const std::string& name() const { return name_; }
  // In bytes, at the time of opening.
  uint64_t size() const { return size_; }

 private:
  InputFile(UniqueFd fd, std::string name, uint64_t size)
      : fd_(std::move(fd)), name_(std::move(name)), size_(size) {}

  UniqueFd fd_;
  std::string name_;
  uint64_t size_;
};

}  // namespace gantry

#endif  // GANTRY_BASE_INPUT_FILE_H_
