#ifndef GANTRY_RELEASE_PUBLISH_OCI_LAYOUT_H_
#define GANTRY_RELEASE_PUBLISH_OCI_LAYOUT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/image_descriptor.pb.h"

namespace gantry::publish {

// An OCI image layout on disk (OCI image specification 1.0, image-layout.md):
// `oci-layout`, `index.json`, `blobs/sha256/<hex>`.
//
// Several processes may write to one layout: blobs are put in place by
// renaming, and the index is replaced under a lock.  What a method has
// acknowledged is durable.
class OciLayout {
 public:
  // Opens the layout in the folder, and makes it if it is missing.
  // FAILED_PRECONDITION: the folder holds a layout of another version.
  static absl::StatusOr<OciLayout> Open(const std::string& directory);

  const std::string& directory() const { return directory_; }

  // Copies the blob from `source`, checking size and digest on the way.  A
  // blob that is there already, at its size, is not read again.
  // DATA_LOSS: `source` is not what `blob` says; nothing is left behind.
  absl::Status PutBlob(const payload::v1::Blob& blob,
                       const std::string& source);

  // Gives the image the name `tag` (annotation
  // "org.opencontainers.image.ref.name"), taking it from another image that
  // had it.  The manifest and all that it names must have been put before.
  absl::Status Tag(const payload::v1::Blob& manifest, absl::string_view tag);

  // Digest of the image of that name.  NOT_FOUND: there is none.
  absl::StatusOr<std::string> FindTag(absl::string_view tag) const;

 private:
  explicit OciLayout(std::string directory)
      : directory_(std::move(directory)) {}

  std::string index_path() const;

  std::string directory_;
};

}  // namespace gantry::publish

#endif  // GANTRY_RELEASE_PUBLISH_OCI_LAYOUT_H_
