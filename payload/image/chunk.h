#ifndef GANTRY_PAYLOAD_IMAGE_CHUNK_H_
#define GANTRY_PAYLOAD_IMAGE_CHUNK_H_

#include <cstddef>
#include <memory>

#include "absl/strings/string_view.h"

namespace gantry::image {

// A piece of a byte stream.  Several threads may read it once it is filled.
class Chunk {
 public:
  static constexpr size_t kCapacity = 1 << 20;

  Chunk() : bytes_(new char[kCapacity]) {}

  absl::string_view text() const {
    return absl::string_view(bytes_.get(), size_);
  }

  size_t size() const { return size_; }
  size_t room() const { return kCapacity - size_; }

  // The position of the next bytes, of which there may be at most room().
  char* end() { return bytes_.get() + size_; }
  void Extend(size_t size) { size_ += size; }

 private:
  const std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
};

}  // namespace gantry::image

#endif  // GANTRY_PAYLOAD_IMAGE_CHUNK_H_
