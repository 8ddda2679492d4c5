#ifndef GANTRY_PAYLOAD_IMAGE_ZSTD_COMPRESSOR_H_
#define GANTRY_PAYLOAD_IMAGE_ZSTD_COMPRESSOR_H_

#include <zstd.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "payload/image/chunk.h"
#include "payload/image/compressor.h"

namespace gantry::image {

// Makes one zstd frame with a checksum (RFC 8878) on libzstd's threads.
class ZstdCompressor final : public Compressor {
 public:
  ZstdCompressor(int threads, Output output);

  absl::Status Add(std::shared_ptr<const Chunk> chunk) override;
  absl::Status Finish() override;

 private:
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };

  absl::Status Compress(absl::string_view input, ZSTD_EndDirective directive);
  absl::Status Flush();

  const std::unique_ptr<ZSTD_CCtx, Free> context_;
  const Output output_;
  // Output that was not passed on yet: the first `piece_used_` bytes.
  std::string piece_;
  size_t piece_used_ = 0;
};

}  // namespace gantry::image

#endif  // GANTRY_PAYLOAD_IMAGE_ZSTD_COMPRESSOR_H_
