#ifndef GANTRY_PAYLOAD_IMAGE_IMAGE_WRITER_H_
#define GANTRY_PAYLOAD_IMAGE_IMAGE_WRITER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "payload/image/compressor.h"
#include "proto/coordinates.pb.h"
#include "proto/image_descriptor.pb.h"
#include "proto/layer_descriptor.pb.h"

namespace gantry::image {

struct ImageLayer {
  payload::v1::LayerDescriptor descriptor;
  // The path of the blob, which is not read.
  std::string path;
};

struct ImageOptions {
  // Complete, with the kernel release.
  cell::v1::CellCoordinates coordinates;

  // The lowest first.
  std::vector<ImageLayer> layers;

  // The compression of the layer with the manifest.
  Compression compression = Compression::kZstd;

  // The paths of the outputs.  Removed after an error.
  std::string manifest_output;
  std::string config_output;
  std::string manifest_layer_output;
  // The ImageDescriptor in the text format, which is written last.
  std::string descriptor_output;
};

// Writes an image from finished layers: a last layer with
// /gantry/manifest.binpb, the config, and the image manifest.
//
// INVALID_ARGUMENT: incomplete coordinates, no layer with the installer, a
// malformed digest, or two layers for the same directory.
absl::StatusOr<payload::v1::ImageDescriptor> WriteImage(
    const ImageOptions& options);

}  // namespace gantry::image

#endif  // GANTRY_PAYLOAD_IMAGE_IMAGE_WRITER_H_
