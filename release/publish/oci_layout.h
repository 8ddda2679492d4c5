#ifndef GANTRY_RELEASE_PUBLISH_OCI_LAYOUT_H_
#define GANTRY_RELEASE_PUBLISH_OCI_LAYOUT_H_

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/file_lock.h"
#include "proto/image_descriptor.pb.h"

namespace gantry::publish {

// An OCI image layout on disk (OCI image specification 1.0, image-layout.md):
// `oci-layout`, `index.json`, `blobs/sha256/<hex>`.
//
// Several processes may write to the same layout: blobs are renamed into place,
// and the index is replaced under a lock, that of the directory.  Once Tag()
// returns OK, the tag and the blobs that were put before are durable.  Another
// lock, that of the blobs' directory, keeps Remove() from deleting what someone
// is about to use.
class OciLayout {
 public:
  // Opens the layout in the directory; creates both if they are missing.
  // FAILED_PRECONDITION: the directory holds a layout of another version.
  static absl::StatusOr<OciLayout> Open(const std::string& directory);

  const std::string& directory() const { return directory_; }

  // Path of the blob with a valid digest, whether it exists or not.
  std::string BlobPath(absl::string_view digest) const;

  // While the lock exists, Remove() waits.  Whoever adds an image holds it from
  // before the first PutBlob() until the manifest is there: so long, nothing
  // shows that blobs which the layout already had are still needed.
  absl::StatusOr<FileLock> KeepBlobs() const;

  // Copies the blob from the file `source` and verifies its size and digest. If
  // the layout has a blob of that digest and size, `source` is not read.
  // DATA_LOSS: `source` has another size or digest; the layout is unchanged.
  absl::Status PutBlob(const payload::v1::Blob& blob,
                       const std::string& source);

  // Gives the image the tag (annotation "org.opencontainers.image.ref.name"),
  // and removes it from any other image.  The manifest and the blobs that it
  // names must have been put before.
  absl::Status Tag(const payload::v1::Blob& manifest, absl::string_view tag);

  // Digest of the image with the tag.  NOT_FOUND: no image has it.
  absl::StatusOr<std::string> FindTag(absl::string_view tag) const;

  absl::StatusOr<std::set<std::string>> ListTags() const;

  // The image with this manifest, without coordinates, with paths of blobs that
  // are relative to the directory.  NOT_FOUND: a blob is missing or has another
  // size.  DATA_LOSS: the manifest has another digest.  INVALID_ARGUMENT: it is
  // not one.
  absl::StatusOr<payload::v1::ImageDescriptor> ReadImage(
      absl::string_view digest) const;

  struct Removal {
    // Of the images that were there, in the order of the argument.
    std::vector<std::string> digests;
    // Size of the blobs that were deleted.
    int64_t freed_bytes = 0;
  };

  // Removes the images with these manifests: first their tags, then the blobs
  // that no other image in the layout has, with a tag or without, and each
  // manifest last.  So an interrupted removal leaves no tag without its image,
  // and is completed by repeating it.  Images that are missing are skipped.
  // Others must not be tagging these images.
  // INVALID_ARGUMENT: not a digest.
  absl::StatusOr<Removal> Remove(const std::vector<std::string>& digests);

 private:
  explicit OciLayout(std::string directory)
      : directory_(std::move(directory)) {}

  std::string index_path() const;
  std::string blobs_path() const;

  // Removes all tags of these images.
  absl::Status RemoveFromIndex(const std::set<std::string>& digests);

  // Digests of the blobs, except manifests, of all images but these.
  absl::StatusOr<std::set<std::string>> BlobsOfOtherImages(
      const std::set<std::string>& digests) const;

  // Deletes a blob, if it is there.  Returns its size, otherwise 0.
  absl::StatusOr<int64_t> DeleteBlob(absl::string_view digest) const;

  std::string directory_;
};

}  // namespace gantry::publish

#endif  // GANTRY_RELEASE_PUBLISH_OCI_LAYOUT_H_
