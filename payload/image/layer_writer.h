#ifndef GANTRY_PAYLOAD_IMAGE_LAYER_WRITER_H_
#define GANTRY_PAYLOAD_IMAGE_LAYER_WRITER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "payload/image/compressor.h"
#include "payload/image/layer_content.h"
#include "proto/payload.pb.h"

namespace gantry::image {

struct LayerOptions {
  // Folder in the image that the entries are below, absolute, without a
  // trailing slash.  The folders above it are written too.
  std::string prefix;

  // Unset: the layer adds nothing to the manifest.
  payload::v1::ComponentKind kind = payload::v1::COMPONENT_KIND_UNSPECIFIED;

  Compression compression = Compression::kZstd;

  // Threads that compress, from 1 on; the result does not depend on it.
  int threads = 1;

  // Path of the blob.  Removed if anything fails.
  std::string output;
};

// Writes a layer blob: a compressed tar, the same bytes for the same entries
// and options.  Every content is read once; its digest, the diff ID (the tar's
// digest), the compression and the blob's digest are computed on the way, side
// by side ("layer.md" and "config.md" of the OCI image specification 1.1).
//
// Memory: about 100 MB with two threads and zstd, 20 MB with gzip.
absl::StatusOr<payload::v1::LayerDescriptor> WriteLayer(
    const LayerOptions& options, const std::vector<LayerEntry>& entries);

}  // namespace gantry::image

#endif  // GANTRY_PAYLOAD_IMAGE_LAYER_WRITER_H_
