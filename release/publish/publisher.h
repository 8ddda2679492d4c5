#ifndef GANTRY_RELEASE_PUBLISH_PUBLISHER_H_
#define GANTRY_RELEASE_PUBLISH_PUBLISHER_H_

#include <string>

#include "absl/status/statusor.h"
#include "proto/image_descriptor.pb.h"

namespace gantry::publish {

// Where payloads go.  Exactly one is set.
struct PublishTarget {
  // Folder of an OCI image layout.
  std::string layout_directory;

  // Repository of a registry.  Example: "registry.example/fleet/gantry".
  // Loopback registries (127.0.0.0/8, [::1], localhost) are spoken to without
  // TLS, as container engines do; credentials are skopeo's.
  std::string registry_repository;
};

// Publishes an image: its blobs and its digest first, then its tag, so that
// nobody finds a tag whose image is not complete.  `root` is the folder that
// the blobs' paths are relative to.  Publishing the same image again changes
// nothing.  Returns the reference for the record:
// "oci:<folder>@<digest>" or "<repository>@<digest>".
// DATA_LOSS: a blob is not what the descriptor says (to a layout).
// UNAVAILABLE: the registry does not take it, or a blob is altered, which
// skopeo finds while it sends it; with skopeo's words.
absl::StatusOr<std::string> PublishImage(
    const payload::v1::ImageDescriptor& image, const std::string& root,
    const PublishTarget& target);

}  // namespace gantry::publish

#endif  // GANTRY_RELEASE_PUBLISH_PUBLISHER_H_
