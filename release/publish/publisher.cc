#include "release/publish/publisher.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/cell_name.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/temp_dir.h"
#include "proto/coordinates.pb.h"
#include "release/publish/oci_layout.h"
#include "release/publish/skopeo.h"

namespace gantry::publish {
namespace {

using ::gantry::payload::v1::Blob;
using ::gantry::payload::v1::ImageDescriptor;

// The manifest is last, so that it never refers to missing blobs.
std::vector<Blob> BlobsInOrder(const ImageDescriptor& image) {
  std::vector<Blob> blobs(image.layers().begin(), image.layers().end());
  blobs.push_back(image.config());
  blobs.push_back(image.manifest());
  return blobs;
}

// Adds the image to a layout for skopeo, as links to the files of the build.
absl::Status LinkBlobs(const ImageDescriptor& image, const std::string& root,
                       const OciLayout& layout) {
  for (const Blob& blob : BlobsInOrder(image)) {
    GANTRY_RETURN_IF_ERROR(
        Annotate(ValidateDigest(blob.digest()), blob.path()));
    const std::string link = layout.BlobPath(blob.digest());
    const std::string source =
        std::filesystem::absolute(JoinPath(root, blob.path()));
    if (symlink(source.c_str(), link.c_str()) != 0 && errno != EEXIST) {
      return ErrnoStatus(errno, link);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> PublishToLayout(const ImageDescriptor& image,
                                            const std::string& root,
                                            const std::string& directory) {
  GANTRY_ASSIGN_OR_RETURN(OciLayout layout, OciLayout::Open(directory));
  GANTRY_ASSIGN_OR_RETURN(const FileLock lock, layout.KeepBlobs());
  for (const Blob& blob : BlobsInOrder(image)) {
    GANTRY_RETURN_IF_ERROR(layout.PutBlob(blob, JoinPath(root, blob.path())));
  }
  return absl::StrCat("oci:", directory, "@", image.manifest().digest());
}

absl::StatusOr<std::string> PublishToRegistry(const ImageDescriptor& image,
                                              const std::string& root,
                                              const std::string& repository) {
  GANTRY_ASSIGN_OR_RETURN(const TempDir temp, TempDir::Create());
  GANTRY_ASSIGN_OR_RETURN(OciLayout layout, OciLayout::Open(temp.path()));
  GANTRY_RETURN_IF_ERROR(LinkBlobs(image, root, layout));
  // skopeo finds the image by this name.
  const std::string tag = CellTag(image.coordinates());
  GANTRY_RETURN_IF_ERROR(layout.Tag(image.manifest(), tag));
  const std::string reference =
      absl::StrCat(repository, "@", image.manifest().digest());
  GANTRY_RETURN_IF_ERROR(SkopeoCopy(absl::StrCat("oci:", temp.path(), ":", tag),
                                    absl::StrCat("docker://", reference),
                                    repository));
  return reference;
}

// Publishes an image that is in a layout.
absl::Status PublishFromLayout(const std::string& directory,
                               const std::string& digest,
                               const cell::v1::CellCoordinates& coordinates,
                               const Destination& destination) {
  if (!std::filesystem::exists(directory)) {
    return absl::NotFoundError(
        absl::StrCat(directory, ": no such image layout on this machine"));
  }
  GANTRY_ASSIGN_OR_RETURN(const OciLayout layout, OciLayout::Open(directory));
  GANTRY_ASSIGN_OR_RETURN(ImageDescriptor image, layout.ReadImage(digest));
  *image.mutable_coordinates() = coordinates;
  return PublishImage(image, directory, destination).status();
}

}  // namespace

absl::StatusOr<std::string> PublishImage(const ImageDescriptor& image,
                                         const std::string& root,
                                         const Destination& destination) {
  GANTRY_RETURN_IF_ERROR(ValidateCoordinates(image.coordinates()));
  return destination.registry_repository.empty()
             ? PublishToLayout(image, root, destination.layout_directory)
             : PublishToRegistry(image, root, destination.registry_repository);
}

absl::Status TagImage(const std::string& digest, const std::string& tag,
                      const Destination& destination) {
  const std::string& repository = destination.registry_repository;
  if (repository.empty()) {
    GANTRY_ASSIGN_OR_RETURN(OciLayout layout,
                            OciLayout::Open(destination.layout_directory));
    GANTRY_ASSIGN_OR_RETURN(const ImageDescriptor image,
                            layout.ReadImage(digest));
    return layout.Tag(image.manifest(), tag);
  }
  return SkopeoCopy(absl::StrCat("docker://", repository, "@", digest),
                    absl::StrCat("docker://", repository, ":", tag),
                    repository);
}

absl::StatusOr<bool> HasImage(const std::string& digest,
                              const Destination& destination) {
  absl::Status status;
  if (destination.registry_repository.empty()) {
    GANTRY_ASSIGN_OR_RETURN(const OciLayout layout,
                            OciLayout::Open(destination.layout_directory));
    status = layout.ReadImage(digest).status();
  } else {
    status = InspectManifest(destination.registry_repository,
                             absl::StrCat("@", digest))
                 .status();
  }
  if (absl::IsNotFound(status)) return false;
  GANTRY_RETURN_IF_ERROR(status);
  return true;
}

absl::StatusOr<std::string> FindTag(const std::string& tag,
                                    const Destination& destination) {
  if (destination.registry_repository.empty()) {
    GANTRY_ASSIGN_OR_RETURN(const OciLayout layout,
                            OciLayout::Open(destination.layout_directory));
    return layout.FindTag(tag);
  }
  GANTRY_ASSIGN_OR_RETURN(
      const std::string manifest,
      InspectManifest(destination.registry_repository, absl::StrCat(":", tag)));
  return Sha256Digest(manifest);
}

absl::Status CopyImage(const std::string& reference,
                       const cell::v1::CellCoordinates& coordinates,
                       const Destination& destination) {
  const size_t at = reference.rfind('@');
  if (at == std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("reference \"", reference, "\" has no digest"));
  }
  const std::string digest = reference.substr(at + 1);
  const std::string place = reference.substr(0, at);
  absl::string_view directory = place;
  if (absl::ConsumePrefix(&directory, "oci:")) {
    return PublishFromLayout(std::string(directory), digest, coordinates,
                             destination);
  }
  GANTRY_ASSIGN_OR_RETURN(const TempDir temp, TempDir::Create());
  const std::string layout = JoinPath(temp.path(), "oci");
  GANTRY_RETURN_IF_ERROR(SkopeoCopy(absl::StrCat("docker://", reference),
                                    absl::StrCat("oci:", layout, ":image"),
                                    place));
  return PublishFromLayout(layout, digest, coordinates, destination);
}

absl::StatusOr<std::set<std::string>> ListTags(const Destination& destination) {
  const std::string& repository = destination.registry_repository;
  if (repository.empty()) {
    GANTRY_ASSIGN_OR_RETURN(const OciLayout layout,
                            OciLayout::Open(destination.layout_directory));
    return layout.ListTags();
  }
  GANTRY_ASSIGN_OR_RETURN(const std::vector<std::string> tags,
                          ListTags(repository));
  return std::set<std::string>(tags.begin(), tags.end());
}

absl::StatusOr<RemovedImages> RemoveImages(
    const std::vector<std::string>& digests, const Destination& destination) {
  RemovedImages removed;
  if (destination.registry_repository.empty()) {
    GANTRY_ASSIGN_OR_RETURN(OciLayout layout,
                            OciLayout::Open(destination.layout_directory));
    GANTRY_ASSIGN_OR_RETURN(OciLayout::Removal removal, layout.Remove(digests));
    removed.digests = std::move(removal.digests);
    removed.freed_bytes = removal.freed_bytes;
    return removed;
  }
  for (const std::string& digest : digests) {
    GANTRY_ASSIGN_OR_RETURN(const bool has_image,
                            HasImage(digest, destination));
    if (!has_image) continue;
    GANTRY_RETURN_IF_ERROR(DeleteManifest(destination.registry_repository,
                                          absl::StrCat("@", digest)));
    removed.digests.push_back(digest);
  }
  return removed;
}

}  // namespace gantry::publish
