#ifndef GANTRY_PAYLOAD_IMAGE_COMPRESSOR_H_
#define GANTRY_PAYLOAD_IMAGE_COMPRESSOR_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "payload/image/chunk.h"

namespace gantry::image {

enum class Compression {
  // RFC 8878, level 3.
  kZstd,
  // RFC 1952, level 6, without name and time in the header.
  kGzip,
};

// "zstd" or "gzip"; INVALID_ARGUMENT otherwise.
absl::StatusOr<Compression> ParseCompression(absl::string_view name);

// The media type of a layer with this compression (OCI image specification,
// "layer.md").
absl::string_view LayerMediaType(Compression compression);

// Compresses a stream on several threads.  The output depends on the input, its
// division into chunks, and the version of the compression library, but not on
// the number of threads or on timing.
class Compressor {
 public:
  // Called with the output in order, on the thread that calls Add() and
  // Finish().
  using Output = std::function<absl::Status(std::string piece)>;

  static std::unique_ptr<Compressor> Create(Compression compression,
                                            int threads, Output output);

  virtual ~Compressor() = default;

  virtual absl::Status Add(std::shared_ptr<const Chunk> chunk) = 0;

  // Call once, last.
  virtual absl::Status Finish() = 0;
};

}  // namespace gantry::image

#endif  // GANTRY_PAYLOAD_IMAGE_COMPRESSOR_H_
