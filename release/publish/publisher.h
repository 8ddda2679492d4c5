#ifndef GANTRY_RELEASE_PUBLISH_PUBLISHER_H_
#define GANTRY_RELEASE_PUBLISH_PUBLISHER_H_

#include <string>

#include "absl/status/statusor.h"
#include "proto/image_descriptor.pb.h"

namespace gantry::publish {

// Where to publish an image.  Exactly one field is set.
struct Destination {
  // Directory of an OCI image layout.
  std::string layout_directory;

  // Repository of a registry.  Example: "registry.example/fleet/gantry".
  // As container engines do, TLS is not used for loopback addresses
  // (127.0.0.0/8, [::1], localhost).  Credentials are those of skopeo.
  std::string registry_repository;
};

// Publishes an image: first its blobs and manifest, then its tag, so that a tag
// never refers to an incomplete image.  Paths of the blobs are relative to
// `root`. Idempotent.  Returns the reference to record:
// "oci:<directory>@<digest>" or
// "<repository>@<digest>".
//
// DATA_LOSS: the destination is a layout, and the digest or size of a blob is
// not that of the descriptor.  UNAVAILABLE, with skopeo's error: the
// destination is a registry, and it rejects the image, or skopeo finds a blob
// with a wrong digest.
absl::StatusOr<std::string> PublishImage(
    const payload::v1::ImageDescriptor& image, const std::string& root,
    const Destination& destination);

}  // namespace gantry::publish

#endif  // GANTRY_RELEASE_PUBLISH_PUBLISHER_H_
