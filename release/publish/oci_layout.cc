#include "release/publish/oci_layout.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
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
// Registries need not accept larger ones (OCI distribution specification,
// "Pushing Manifests").
constexpr int64_t kMaxManifestSize = int64_t{4} << 20;

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

// Digests of the config and the layers of an image; empty if `json` is not the
// manifest of one.
std::vector<std::string> BlobsOfManifest(const Struct& json) {
  const Struct* const config = FindObject(json, "config");
  const ListValue* const layers = FindArray(json, "layers");
  if (config == nullptr || layers == nullptr) return {};
  std::vector<std::string> digests;
  digests.push_back(std::string(GetString(*config, "digest")));
  for (const Value& layer : layers->values()) {
    digests.push_back(std::string(GetString(layer.struct_value(), "digest")));
  }
  return digests;
}

// The same for the blob in this file, of which only what may be a manifest is
// read.
absl::StatusOr<std::vector<std::string>> BlobsOfManifestFile(
    const std::string& path, int64_t size) {
  std::vector<std::string> none;
  if (size == 0 || size > kMaxManifestSize) return none;
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, path);
  char first = 0;
  GANTRY_RETURN_IF_ERROR(ReadAllAt(fd.get(), 0, &first, 1, path));
  if (first != '{') return none;
  GANTRY_ASSIGN_OR_RETURN(const std::string text, ReadAll(fd.get(), path));
  Struct json;
  return ParseJson(text, path, json).ok() ? BlobsOfManifest(json) : none;
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
  GANTRY_RETURN_IF_ERROR(CreateDirectories(layout.blobs_path()));
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

std::string OciLayout::blobs_path() const {
  return JoinPath(directory_, "blobs/sha256");
}

std::string OciLayout::BlobPath(absl::string_view digest) const {
  return JoinPath(blobs_path(), DigestHex(digest));
}

absl::StatusOr<FileLock> OciLayout::KeepBlobs() const {
  return FileLock::ShareDirectory(blobs_path());
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

absl::StatusOr<std::set<std::string>> OciLayout::ListTags() const {
  GANTRY_ASSIGN_OR_RETURN(const Struct index, ReadJson(index_path()));
  std::set<std::string> tags;
  if (const ListValue* const manifests = FindArray(index, "manifests")) {
    for (const Value& value : manifests->values()) {
      const absl::string_view tag = RefName(value);
      if (!tag.empty()) tags.insert(std::string(tag));
    }
  }
  return tags;
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

absl::Status OciLayout::RemoveFromIndex(const std::set<std::string>& digests) {
  GANTRY_ASSIGN_OR_RETURN(const FileLock lock,
                          FileLock::AcquireDirectory(directory_));
  GANTRY_ASSIGN_OR_RETURN(Struct index, ReadJson(index_path()));
  auto& manifests =
      *(*index.mutable_fields())["manifests"].mutable_list_value();
  ListValue kept;
  for (const Value& value : manifests.values()) {
    const std::string digest(GetString(value.struct_value(), "digest"));
    if (digests.count(digest) == 0) *kept.add_values() = value;
  }
  if (kept.values_size() == manifests.values_size()) return absl::OkStatus();
  manifests.Swap(&kept);
  GANTRY_ASSIGN_OR_RETURN(const std::string json, FormatJson(index));
  return WriteFileAtomically(index_path(), json);
}

absl::StatusOr<std::set<std::string>> OciLayout::BlobsOfOtherImages(
    const std::set<std::string>& digests) const {
  std::set<std::string> blobs;
  std::error_code error;
  std::filesystem::directory_iterator entries(blobs_path(), error);
  for (const std::filesystem::directory_iterator end; !error && entries != end;
       entries.increment(error)) {
    const std::string digest =
        absl::StrCat("sha256:", entries->path().filename().string());
    struct stat file;
    if (!ValidateDigest(digest).ok() || digests.count(digest) != 0 ||
        stat(entries->path().c_str(), &file) != 0) {
      continue;
    }
    GANTRY_ASSIGN_OR_RETURN(
        std::vector<std::string> of_image,
        BlobsOfManifestFile(entries->path().string(), file.st_size));
    blobs.insert(of_image.begin(), of_image.end());
  }
  if (error) return ErrnoStatus(error.value(), blobs_path());
  return blobs;
}

absl::StatusOr<int64_t> OciLayout::DeleteBlob(absl::string_view digest) const {
  const std::string path = BlobPath(digest);
  struct stat file;
  if (stat(path.c_str(), &file) != 0 || unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return 0;
    return ErrnoStatus(errno, path);
  }
  return int64_t{file.st_size};
}

absl::StatusOr<OciLayout::Removal> OciLayout::Remove(
    const std::vector<std::string>& digests) {
  for (const std::string& digest : digests) {
    GANTRY_RETURN_IF_ERROR(ValidateDigest(digest));
  }
  const std::set<std::string> removed(digests.begin(), digests.end());
  GANTRY_ASSIGN_OR_RETURN(const FileLock lock,
                          FileLock::AcquireDirectory(blobs_path()));
  GANTRY_RETURN_IF_ERROR(RemoveFromIndex(removed));
  GANTRY_ASSIGN_OR_RETURN(const std::set<std::string> kept,
                          BlobsOfOtherImages(removed));
  Removal removal;
  for (const std::string& digest : digests) {
    struct stat file;
    if (stat(BlobPath(digest).c_str(), &file) != 0) continue;
    GANTRY_ASSIGN_OR_RETURN(
        std::vector<std::string> blobs,
        BlobsOfManifestFile(BlobPath(digest), file.st_size));
    blobs.push_back(digest);
    for (const std::string& blob : blobs) {
      GANTRY_RETURN_IF_ERROR(Annotate(ValidateDigest(blob), BlobPath(digest)));
      if (kept.count(blob) != 0) continue;
      GANTRY_ASSIGN_OR_RETURN(const int64_t size, DeleteBlob(blob));
      removal.freed_bytes += size;
    }
    removal.digests.push_back(digest);
  }
  return removal;
}

}  // namespace gantry::publish
