#include "release/publish/publisher.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/cell_name.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/subprocess.h"
#include "base/temp_dir.h"
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

absl::Status SkopeoCopy(const std::string& source,
                        const std::string& destination, bool tls) {
  const absl::Status status =
      RunCommand({"skopeo", "copy", "--quiet", "--preserve-digests",
                  absl::StrCat("--dest-tls-verify=", tls ? "true" : "false"),
                  source, destination})
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
  const std::string tag = CellTag(image.coordinates());
  GANTRY_RETURN_IF_ERROR(layout.Tag(image.manifest(), tag));
  return absl::StrCat("oci:", directory, "@", image.manifest().digest());
}

absl::StatusOr<std::string> PublishToRegistry(const ImageDescriptor& image,
                                              const std::string& root,
                                              const std::string& repository) {
  GANTRY_ASSIGN_OR_RETURN(const TempDir temp, TempDir::Create());
  GANTRY_ASSIGN_OR_RETURN(OciLayout layout, OciLayout::Open(temp.path()));
  GANTRY_RETURN_IF_ERROR(LinkBlobs(image, root, layout));
  const std::string tag = CellTag(image.coordinates());
  GANTRY_RETURN_IF_ERROR(layout.Tag(image.manifest(), tag));

  const bool tls = !IsLoopback(repository);
  const std::string source = absl::StrCat("oci:", temp.path(), ":", tag);
  const std::string reference =
      absl::StrCat(repository, "@", image.manifest().digest());
  GANTRY_RETURN_IF_ERROR(
      SkopeoCopy(source, absl::StrCat("docker://", reference), tls));
  GANTRY_RETURN_IF_ERROR(
      SkopeoCopy(source, absl::StrCat("docker://", repository, ":", tag), tls));
  return reference;
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

}  // namespace gantry::publish
