#ifndef GANTRY_RELEASE_PUBLISH_PUBLISHER_H_
#define GANTRY_RELEASE_PUBLISH_PUBLISHER_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/coordinates.pb.h"
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

// Publishes the blobs of an image, and last its manifest, by digest: it has no
// tag.  Paths of the blobs are relative to `root`.  Idempotent.  Returns the
// reference to record: "oci:<directory>@<digest>" or "<repository>@<digest>".
//
// DATA_LOSS: the destination is a layout, and the digest or size of a blob is
// not that of the descriptor.  UNAVAILABLE, with skopeo's error: the
// destination is a registry, and it rejects the image, or skopeo finds a blob
// with a wrong digest.
absl::StatusOr<std::string> PublishImage(
    const payload::v1::ImageDescriptor& image, const std::string& root,
    const Destination& destination);

// Gives the published image with this digest a tag, which it takes from any
// other image.  NOT_FOUND: the layout does not have the image.  UNAVAILABLE,
// with skopeo's error: the registry rejects it, for example because it does not
// have the image.
absl::Status TagImage(const std::string& digest, const std::string& tag,
                      const Destination& destination);

// Whether the destination has the image with all of its blobs.  Of a registry,
// only the manifest is looked at: it accepts none without its blobs.
// UNAVAILABLE, with skopeo's error: the registry does not answer.
absl::StatusOr<bool> HasImage(const std::string& digest,
                              const Destination& destination);

// Digest of the image with the tag.  NOT_FOUND: there is none.  UNAVAILABLE: as
// HasImage().
absl::StatusOr<std::string> FindTag(const std::string& tag,
                                    const Destination& destination);

// Publishes an image that PublishImage() has published elsewhere; `reference`
// is what that returned.  NOT_FOUND: it is not complete there.  Also the errors
// of PublishImage().
absl::Status CopyImage(const std::string& reference,
                       const cell::v1::CellCoordinates& coordinates,
                       const Destination& destination);

// All tags of the destination.  UNAVAILABLE: as HasImage().
absl::StatusOr<std::set<std::string>> ListTags(const Destination& destination);

struct RemovedImages {
  // Of the images that were there.
  std::vector<std::string> digests;
  // Of a layout only: a registry deletes blobs when its own garbage collection
  // runs.
  int64_t freed_bytes = 0;
};

// Removes images by digest, with all of their tags.  Those that are missing are
// skipped.  Nobody may be publishing or tagging these images meanwhile; others
// may be published.  Repeat it after an error or an interruption.
// FAILED_PRECONDITION: the registry does not permit deleting images.
// UNAVAILABLE: as HasImage().
absl::StatusOr<RemovedImages> RemoveImages(
    const std::vector<std::string>& digests, const Destination& destination);

}  // namespace gantry::publish

#endif  // GANTRY_RELEASE_PUBLISH_PUBLISHER_H_
