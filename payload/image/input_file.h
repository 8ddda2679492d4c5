#ifndef GANTRY_PAYLOAD_IMAGE_INPUT_FILE_H_
#define GANTRY_PAYLOAD_IMAGE_INPUT_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace gantry::image {

// A file that is read at any place.  Thread-safe.
class InputFile {
 public:
  static absl::StatusOr<std::shared_ptr<const InputFile>> Open(
      std::string path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  // Bytes, when it was opened.
  int64_t size() const { return size_; }

  // Fills `buffer` with the `size` bytes from `offset` on.
  // DATA_LOSS: the file ends before.  Errors name the path and the offset.
  absl::Status Read(int64_t offset, char* buffer, size_t size) const;

 private:
  InputFile(std::string path, int fd, int64_t size)
      : path_(std::move(path)), fd_(fd), size_(size) {}

  const std::string path_;
  const int fd_;
  const int64_t size_;
};

}  // namespace gantry::image

#endif  // GANTRY_PAYLOAD_IMAGE_INPUT_FILE_H_
