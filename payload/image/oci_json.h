#ifndef GANTRY_PAYLOAD_IMAGE_OCI_JSON_H_
#define GANTRY_PAYLOAD_IMAGE_OCI_JSON_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "proto/coordinates.pb.h"
#include "proto/image_descriptor.pb.h"
#include "proto/layer_descriptor.pb.h"

namespace gantry::image {

// The JSON documents of an image (OCI image specification 1.1), in one
// canonical form: members sorted by name, without spaces.
//
// They are written by hand, and not by base/json.h, because their digests
// identify images: no version of a library may change a byte of them.

inline constexpr char kManifestMediaType[] =
    "application/vnd.oci.image.manifest.v1+json";
inline constexpr char kConfigMediaType[] =
    "application/vnd.oci.image.config.v1+json";

// Returns the annotations of an image manifest ("annotations.md"), which are
// the labels of the config too.  In addition to the predefined
// org.opencontainers.image.{title,version}:
//
//   io.gantry.cell             the ID of the cell; the version, too
//   io.gantry.os-release       fields of CellCoordinates
//   io.gantry.kernel-release
//   io.gantry.architecture
//   io.gantry.product
//   io.gantry.version
//   io.gantry.flavour          "open" or "proprietary"; absent if unspecified
//   io.gantry.cuda-version
std::map<std::string, std::string> ImageAnnotations(
    const cell::v1::CellCoordinates& coordinates);

// Returns an image config ("config.md").  `layers` start with the lowest; the
// last one contains the payload's manifest.  The creation time is the epoch.
std::string ImageConfigJson(
    const std::map<std::string, std::string>& labels,
    const std::vector<payload::v1::LayerDescriptor>& layers);

// Returns an image manifest ("manifest.md").
std::string ImageManifestJson(
    const std::map<std::string, std::string>& annotations,
    const payload::v1::Blob& config,
    const std::vector<payload::v1::LayerDescriptor>& layers);

// Formats text in UTF-8 as a JSON string (RFC 8259, section 7).
std::string JsonString(absl::string_view text);

}  // namespace gantry::image

#endif  // GANTRY_PAYLOAD_IMAGE_OCI_JSON_H_
