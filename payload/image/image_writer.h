#ifndef GANTRY_PAYLOAD_IMAGE_IMAGE_WRITER_H_
#define GANTRY_PAYLOAD_IMAGE_IMAGE_WRITER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "payload/image/compressor.h"
#include "proto/cell.pb.h"
#include "proto/payload.pb.h"

namespace gantry::image {

struct ImageLayer {
  payload::v1::LayerDescriptor descriptor;
  // Where the blob is; it is not read.
  std::string path;
};

struct ImageOptions {
  // Complete, with the kernel release.
  cell::v1::CellCoordinates coordinates;

  // Lowest first.
  std::vector<ImageLayer> layers;

  // Of the layer with the manifest.
  Compression compression = Compression::kZstd;

  // Paths of what is written.  Removed if anything fails.
  std::string manifest_output;
  std::string config_output;
  std::string manifest_layer_output;
  // The ImageDescriptor in the text format; last.
  std::string descriptor_output;
};

// Writes an image out of finished layers: a last layer with
// /gantry/manifest.binpb, the config and the image manifest.
//
// INVALID_ARGUMENT: incomplete coordinates, no installer among the layers, a
// malformed digest, or two layers for one folder.
absl::StatusOr<payload::v1::ImageDescriptor> WriteImage(
    const ImageOptions& options);

}  // namespace gantry::image

#endif  // GANTRY_PAYLOAD_IMAGE_IMAGE_WRITER_H_
