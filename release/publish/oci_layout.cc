#include "release/publish/oci_layout.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/fd_io.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/json.h"
#include "base/json_object.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "google/protobuf/struct.pb.h"

namespace gantry::publish {
namespace {

using ::gantry::payload::v1::Blob;
using ::google::protobuf::ListValue;
using ::google::protobuf::Struct;
using ::google::protobuf::Value;

constexpr char kLayoutFile[] = R"({"imageLayoutVersion":"1.0.0"})";
constexpr char kEmptyIndex[] =
    R"({"schemaVersion":2,)"
    R"("mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})";
constexpr char kRefName[] = "org.opencontainers.image.ref.name";

absl::StatusOr<Struct> ReadJson(const std::string& path) {
  GANTRY_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  Struct json;
  GANTRY_RETURN_IF_ERROR(ParseJson(text, path, json));
  return json;
}

// The tag of an entry in the index; empty if it has none.
absl::string_view RefName(const Value& descriptor) {
  const Struct* const annotations =
      FindObject(descriptor.struct_value(), "annotations");
  return annotations == nullptr ? "" : GetString(*annotations, kRefName);
}

Value MakeDescriptor(const Blob& manifest, absl::string_view tag) {
  Value value;
  auto& fields = *value.mutable_struct_value()->mutable_fields();
  fields["mediaType"].set_string_value(manifest.media_type());
  fields["digest"].set_string_value(manifest.digest());
  fields["size"].set_number_value(static_cast<double>(manifest.size()));
  auto& annotations =
      *fields["annotations"].mutable_struct_value()->mutable_fields();
  annotations[kRefName].set_string_value(std::string(tag));
  return value;
}

Blob ReadDescriptor(const Struct& descriptor) {
  Blob blob;
  blob.set_digest(std::string(GetString(descriptor, "digest")));
  blob.set_media_type(std::string(GetString(descriptor, "mediaType")));
  const auto size = descriptor.fields().find("size");
  if (size != descriptor.fields().end()) {
    blob.set_size(static_cast<int64_t>(size->second.number_value()));
  }
  return blob;
}

// Copies the content of `in`, the file `source`, to `out`, the file `path`, and
// verifies it.
absl::Status CopyBlob(const Blob& blob, int in, const std::string& source,
                      int out, const std::string& path) {
  Sha256 sha256;
  int64_t size = 0;
  GANTRY_RETURN_IF_ERROR(ReadPieces(in, source, [&](absl::string_view piece) {
    sha256.Update(piece);
    size += static_cast<int64_t>(piece.size());
    return WriteAll(out, piece, path);
  }));
  const std::string digest = sha256.Finish();
  if (size != blob.size() || digest != blob.digest()) {
    return absl::DataLossError(absl::StrCat(
        source, ": has digest ", digest, " and ", size, " bytes, expected ",
        blob.digest(), " and ", blob.size(), " bytes"));
  }
  if (fsync(out) != 0) return ErrnoStatus(errno, path);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<OciLayout> OciLayout::Open(const std::string& directory) {
  OciLayout layout(directory);
  GANTRY_RETURN_IF_ERROR(
      CreateDirectories(JoinPath(directory, "blobs/sha256")));
  // Another process may be creating the layout.
  GANTRY_ASSIGN_OR_RETURN(const FileLock lock,
                          FileLock::AcquireDirectory(directory));
  const std::string marker = JoinPath(directory, "oci-layout");
  if (absl::IsNotFound(ReadFile(marker).status())) {
    GANTRY_RETURN_IF_ERROR(
        WriteFileAtomically(layout.index_path(), kEmptyIndex));
    GANTRY_RETURN_IF_ERROR(WriteFileAtomically(marker, kLayoutFile));
    return layout;
  }
  GANTRY_ASSIGN_OR_RETURN(const Struct json, ReadJson(marker));
  if (GetString(json, "imageLayoutVersion") != "1.0.0") {
    return absl::FailedPreconditionError(
        absl::StrCat(marker, ": imageLayoutVersion is not 1.0.0"));
  }
  return layout;
}

std::string OciLayout::index_path() const {
  return JoinPath(directory_, "index.json");
}

std::string OciLayout::BlobPath(absl::string_view digest) const {
  return absl::StrCat(directory_, "/blobs/sha256/", DigestHex(digest));
}

absl::Status OciLayout::PutBlob(const Blob& blob, const std::string& source) {
  GANTRY_RETURN_IF_ERROR(Annotate(ValidateDigest(blob.digest()), source));
  const std::string path = BlobPath(blob.digest());
  struct stat existing;
  if (stat(path.c_str(), &existing) == 0 && existing.st_size == blob.size()) {
    return absl::OkStatus();
  }

  const UniqueFd in(open(source.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in.ok()) return ErrnoStatus(errno, source);
  std::string temporary = absl::StrCat(path, ".XXXXXX");
  const UniqueFd out(mkostemp(&temporary[0], O_CLOEXEC));
  if (!out.ok()) return ErrnoStatus(errno, path);
  absl::Cleanup remove = [&] { unlink(temporary.c_str()); };
  GANTRY_RETURN_IF_ERROR(
      CopyBlob(blob, in.get(), source, out.get(), temporary));
  if (fchmod(out.get(), 0644) != 0 ||
      rename(temporary.c_str(), path.c_str()) != 0) {
    return ErrnoStatus(errno, path);
  }
  std::move(remove).Cancel();
  return absl::OkStatus();
}

absl::Status OciLayout::Tag(const Blob& manifest, absl::string_view tag) {
  GANTRY_ASSIGN_OR_RETURN(const FileLock lock,
                          FileLock::AcquireDirectory(directory_));
  // The directory entries of the blobs must be durable before the index refers
  // to them.
  if (syncfs(lock.fd()) != 0) return ErrnoStatus(errno, directory_);

  GANTRY_ASSIGN_OR_RETURN(Struct index, ReadJson(index_path()));
  auto& manifests =
      *(*index.mutable_fields())["manifests"].mutable_list_value();
  ListValue kept;
  for (const Value& value : manifests.values()) {
    if (RefName(value) != tag) *kept.add_values() = value;
  }
  *kept.add_values() = MakeDescriptor(manifest, tag);
  manifests.Swap(&kept);

  GANTRY_ASSIGN_OR_RETURN(const std::string json, FormatJson(index));
  return WriteFileAtomically(index_path(), json);
}

absl::StatusOr<std::string> OciLayout::FindTag(absl::string_view tag) const {
  GANTRY_ASSIGN_OR_RETURN(const Struct index, ReadJson(index_path()));
  if (const ListValue* const manifests = FindArray(index, "manifests")) {
    for (const Value& value : manifests->values()) {
      if (RefName(value) != tag) continue;
      const absl::string_view digest =
          GetString(value.struct_value(), "digest");
      if (!digest.empty()) return std::string(digest);
    }
  }
  return absl::NotFoundError(
      absl::StrCat(index_path(), ": no image has the tag ", tag));
}

absl::StatusOr<payload::v1::ImageDescriptor> OciLayout::ReadImage(
    absl::string_view digest) const {
  const std::string path = BlobPath(digest);
  GANTRY_ASSIGN_OR_RETURN(const std::string manifest, ReadFile(path));
  if (Sha256Digest(manifest) != digest) {
    return absl::DataLossError(absl::StrCat(
        path, ": has digest ", Sha256Digest(manifest), ", expected ", digest));
  }
  Struct json;
  GANTRY_RETURN_IF_ERROR(ParseJson(manifest, path, json));
  payload::v1::ImageDescriptor image;
  image.mutable_manifest()->set_digest(std::string(digest));
  image.mutable_manifest()->set_size(static_cast<int64_t>(manifest.size()));
  image.mutable_manifest()->set_media_type(
      "application/vnd.oci.image.manifest.v1+json");
  const Struct* const config = FindObject(json, "config");
  if (config == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is not an image manifest"));
  }
  *image.mutable_config() = ReadDescriptor(*config);
  if (const ListValue* const layers = FindArray(json, "layers")) {
    for (const Value& layer : layers->values()) {
      *image.add_layers() = ReadDescriptor(layer.struct_value());
    }
  }
  std::vector<Blob*> blobs = {image.mutable_manifest(), image.mutable_config()};
  for (Blob& layer : *image.mutable_layers()) blobs.push_back(&layer);
  for (Blob* blob : blobs) {
    GANTRY_RETURN_IF_ERROR(Annotate(ValidateDigest(blob->digest()), path));
    struct stat file;
    if (stat(BlobPath(blob->digest()).c_str(), &file) != 0 ||
        file.st_size != blob->size()) {
      return absl::NotFoundError(
          absl::StrCat(BlobPath(blob->digest()), ": missing or incomplete"));
    }
    blob->set_path(absl::StrCat("blobs/sha256/", DigestHex(blob->digest())));
  }
  return image;
}

}  // namespace gantry::publish
