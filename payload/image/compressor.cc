#include "payload/image/compressor.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "payload/image/gzip_compressor.h"
#include "payload/image/zstd_compressor.h"

namespace gantry::image {

absl::StatusOr<Compression> ParseCompression(absl::string_view name) {
  if (name == "zstd") return Compression::kZstd;
  if (name == "gzip") return Compression::kGzip;
  return absl::InvalidArgumentError(
      absl::StrCat("compression \"", name, "\" is not zstd or gzip"));
}

absl::string_view LayerMediaType(Compression compression) {
  return compression == Compression::kZstd
             ? "application/vnd.oci.image.layer.v1.tar+zstd"
             : "application/vnd.oci.image.layer.v1.tar+gzip";
}

std::unique_ptr<Compressor> Compressor::Create(Compression compression,
                                               int threads, Output output) {
  if (compression == Compression::kZstd) {
    return std::make_unique<ZstdCompressor>(threads, std::move(output));
  }
  return std::make_unique<GzipCompressor>(threads, std::move(output));
}

}  // namespace gantry::image
