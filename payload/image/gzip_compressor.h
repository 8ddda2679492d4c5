#ifndef GANTRY_PAYLOAD_IMAGE_GZIP_COMPRESSOR_H_
#define GANTRY_PAYLOAD_IMAGE_GZIP_COMPRESSOR_H_

#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "payload/image/chunk.h"
#include "payload/image/compressor.h"

namespace gantry::image {

// Makes one gzip member (RFC 1952), like pigz: deflates each chunk in its own
// thread, with the end of the previous chunk as its dictionary, up to a byte
// boundary.  The concatenated pieces are one deflate stream (RFC 1951).
class GzipCompressor final : public Compressor {
 public:
  GzipCompressor(int threads, Output output);

  absl::Status Add(std::shared_ptr<const Chunk> chunk) override;
  absl::Status Finish() override;

 private:
  struct Piece {
    std::string deflated;
    // Of the input.
    uint32_t crc = 0;
    uint64_t size = 0;
  };

  static Piece Deflate(std::shared_ptr<const Chunk> dictionary,
                       std::shared_ptr<const Chunk> chunk);
  // Waits for the oldest piece and outputs it.
  absl::Status OutputOldest();

  const size_t threads_;
  const Output output_;
  std::shared_ptr<const Chunk> last_;
  std::deque<std::future<Piece>> running_;
  uint32_t crc_ = 0;
  uint64_t size_ = 0;
  bool has_header_ = false;
};

}  // namespace gantry::image

#endif  // GANTRY_PAYLOAD_IMAGE_GZIP_COMPRESSOR_H_
