#ifndef GANTRY_PAYLOAD_IMAGE_OCI_JSON_H_
#define GANTRY_PAYLOAD_IMAGE_OCI_JSON_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "proto/cell.pb.h"
#include "proto/payload.pb.h"

namespace gantry::image {

// The JSON documents of an image (OCI image specification 1.1), in one form
// only: members by name, no spaces, so that equal images have equal digests.

inline constexpr char kManifestMediaType[] =
    "application/vnd.oci.image.manifest.v1+json";
inline constexpr char kConfigMediaType[] =
    "application/vnd.oci.image.config.v1+json";

// What an image says about its cell, in its manifest's annotations and in its
// config's labels alike ("annotations.md").  Beside the predefined
// org.opencontainers.image.{title,version}:
//   io.gantry.cell             id of the cell, which is also the version
//   io.gantry.os-release       CellCoordinates.os_release, and so on
//   io.gantry.kernel-release
//   io.gantry.driver-version
//   io.gantry.driver-flavour   "open" or "proprietary"; absent if unspecified
//   io.gantry.cuda-version
std::map<std::string, std::string> ImageAnnotations(
    const cell::v1::CellCoordinates& coordinates);

// "config.md".  `layers` are the lowest first, the last one with the payload's
// manifest.  Created at the epoch.
std::string ImageConfigJson(
    const std::map<std::string, std::string>& labels,
    const std::vector<payload::v1::LayerDescriptor>& layers);

// "manifest.md".
std::string ImageManifestJson(
    const std::map<std::string, std::string>& annotations,
    const payload::v1::Blob& config,
    const std::vector<payload::v1::LayerDescriptor>& layers);

// A JSON string (RFC 8259, section 7) for text in UTF-8.
std::string JsonString(absl::string_view text);

}  // namespace gantry::image

#endif  // GANTRY_PAYLOAD_IMAGE_OCI_JSON_H_
