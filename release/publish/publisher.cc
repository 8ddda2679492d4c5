#include "release/publish/publisher.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/cell_name.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "proto/coordinates.pb.h"
#include "release/publish/oci_layout.h"

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

bool IsLoopback(absl::string_view repository) {
  const absl::string_view host = repository.substr(0, repository.find('/'));
  return absl::StartsWith(host, "127.") || absl::StartsWith(host, "[::1]") ||
         host == "localhost" || absl::StartsWith(host, "localhost:");
}

// "true" unless the repository, which may be empty, is one on this machine.
const char* TlsVerify(absl::string_view repository) {
  return IsLoopback(repository) ? "false" : "true";
}

// Copies an image within `repository`, or to or from it.
absl::Status SkopeoCopy(const std::string& source,
                        const std::string& destination,
                        const std::string& repository) {
  const char* const tls = TlsVerify(repository);
  const absl::Status status =
      RunCommand({"skopeo", "copy", "--quiet", "--preserve-digests",
                  absl::StrCat("--src-tls-verify=", tls),
                  absl::StrCat("--dest-tls-verify=", tls), source, destination})
          .status();
  if (absl::IsInternal(status)) {
    return absl::UnavailableError(
        absl::StrCat(destination, ": ", status.message()));
  }
  return status;
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

// The bytes of a manifest; `name` is "@<digest>" or ":<tag>".  NOT_FOUND: the
// registry says that it does not have it.
absl::StatusOr<std::string> InspectManifest(const std::string& repository,
                                            const std::string& name) {
  const std::string reference = absl::StrCat("docker://", repository, name);
  const absl::StatusOr<std::string> manifest = RunCommand(
      {"skopeo", "inspect", "--raw",
       absl::StrCat("--tls-verify=", TlsVerify(repository)), reference});
  if (!absl::IsInternal(manifest.status())) return manifest;
  // Error codes of the OCI distribution specification, as skopeo prints them.
  for (absl::string_view code : {"manifest unknown", "name unknown"}) {
    if (absl::StrContains(manifest.status().message(), code)) {
      return absl::NotFoundError(absl::StrCat(reference, ": ", code));
    }
  }
  return absl::UnavailableError(
      absl::StrCat(reference, ": ", manifest.status().message()));
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

}  // namespace gantry::publish
