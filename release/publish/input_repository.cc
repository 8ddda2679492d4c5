#include "release/publish/input_repository.h"

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <set>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "base/json_object.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/temp_dir.h"
#include "google/protobuf/struct.pb.h"
#include "proto/image_descriptor.pb.h"
#include "release/publish/oci_layout.h"
#include "release/publish/skopeo.h"

namespace gantry::publish {
namespace {

using ::gantry::payload::v1::Blob;
using ::google::protobuf::Struct;
using ::google::protobuf::Value;

constexpr absl::string_view kTagPrefix = "input-";
constexpr char kManifestType[] = "application/vnd.oci.image.manifest.v1+json";
constexpr char kArtifactType[] = "application/vnd.gantry.input.v1";
constexpr char kFileType[] = "application/octet-stream";
constexpr char kEmptyType[] = "application/vnd.oci.empty.v1+json";
constexpr char kEmpty[] = "{}";

constexpr char kTitle[] = "org.opencontainers.image.title";
constexpr char kCreated[] = "org.opencontainers.image.created";
constexpr char kDigest[] = "gantry.input.digest";

std::string TagOf(const InputDigest& digest) {
  return absl::StrCat(kTagPrefix, digest.algorithm, "-",
                      digest.hex.substr(0, 64));
}

Blob MakeBlob(const std::string& digest, int64_t size,
              const std::string& media_type) {
  Blob blob;
  blob.set_digest(digest);
  blob.set_size(size);
  blob.set_media_type(media_type);
  return blob;
}

Value DescriptorOf(const Blob& blob) {
  Value value;
  auto& fields = *value.mutable_struct_value()->mutable_fields();
  fields["mediaType"].set_string_value(blob.media_type());
  fields["digest"].set_string_value(blob.digest());
  fields["size"].set_number_value(static_cast<double>(blob.size()));
  return value;
}

absl::StatusOr<std::string> ManifestJson(const InputDigest& digest,
                                         const Blob& file,
                                         const std::string& name) {
  Struct manifest;
  auto& fields = *manifest.mutable_fields();
  fields["schemaVersion"].set_number_value(2);
  fields["mediaType"].set_string_value(kManifestType);
  fields["artifactType"].set_string_value(kArtifactType);
  fields["config"] =
      DescriptorOf(MakeBlob(Sha256Digest(kEmpty), 2, kEmptyType));
  *fields["layers"].mutable_list_value()->add_values() = DescriptorOf(file);
  auto& annotations =
      *fields["annotations"].mutable_struct_value()->mutable_fields();
  annotations[kTitle].set_string_value(name);
  annotations[kCreated].set_string_value(
      absl::FormatTime(absl::RFC3339_sec, absl::Now(), absl::UTCTimeZone()));
  annotations[kDigest].set_string_value(FormatInputDigest(digest));
  return FormatJson(manifest);
}

// What the manifest of an artifact says.
absl::StatusOr<StoredInput> ParseManifest(const std::string& json,
                                          const std::string& name) {
  Struct manifest;
  GANTRY_RETURN_IF_ERROR(ParseJson(json, name, manifest));
  const Struct* const annotations = FindObject(manifest, "annotations");
  StoredInput input;
  std::string problem;
  if (annotations == nullptr ||
      !ParseInputDigest(GetString(*annotations, kDigest)).ok() ||
      !absl::ParseTime(absl::RFC3339_full, GetString(*annotations, kCreated),
                       &input.time, &problem)) {
    return absl::DataLossError(
        absl::StrCat(name, ": not an input's manifest ", problem));
  }
  input.digest = std::string(GetString(*annotations, kDigest));
  return input;
}

}  // namespace

absl::StatusOr<std::vector<InputDigest>> InputRepository::FindMissing(
    const std::vector<InputDigest>& digests) const {
  GANTRY_ASSIGN_OR_RETURN(const std::vector<std::string> list,
                          ListTags(repository_));
  const std::set<std::string> tags(list.begin(), list.end());
  std::vector<InputDigest> missing;
  for (const InputDigest& digest : digests) {
    if (tags.count(TagOf(digest)) == 0) missing.push_back(digest);
  }
  return missing;
}

absl::Status InputRepository::Put(const InputDigest& digest,
                                  const std::string& path) const {
  const absl::Status known =
      InspectManifest(repository_, absl::StrCat(":", TagOf(digest))).status();
  if (!absl::IsNotFound(known)) return known;
  GANTRY_RETURN_IF_ERROR(CheckInputDigest(digest, path));
  return Push(digest, path);
}

absl::Status InputRepository::Push(const InputDigest& digest,
                                   const std::string& path) const {
  GANTRY_ASSIGN_OR_RETURN(const TempDir temp, TempDir::Create());
  GANTRY_ASSIGN_OR_RETURN(OciLayout layout, OciLayout::Open(temp.path()));
  GANTRY_ASSIGN_OR_RETURN(const std::string file_digest,
                          FileSha256Digest(path));
  const std::filesystem::path source = std::filesystem::absolute(path);
  std::error_code error;
  const auto size = std::filesystem::file_size(source, error);
  if (error) return ErrnoStatus(error.value(), path);
  const std::string link = layout.BlobPath(file_digest);
  if (symlink(source.c_str(), link.c_str()) != 0) {
    return ErrnoStatus(errno, link);
  }
  GANTRY_RETURN_IF_ERROR(
      WriteFileAtomically(layout.BlobPath(Sha256Digest(kEmpty)), kEmpty));
  GANTRY_ASSIGN_OR_RETURN(
      const std::string manifest,
      ManifestJson(digest,
                   MakeBlob(file_digest, static_cast<int64_t>(size), kFileType),
                   source.filename()));
  const std::string manifest_digest = Sha256Digest(manifest);
  GANTRY_RETURN_IF_ERROR(
      WriteFileAtomically(layout.BlobPath(manifest_digest), manifest));
  const std::string tag = TagOf(digest);
  GANTRY_RETURN_IF_ERROR(
      layout.Tag(MakeBlob(manifest_digest,
                          static_cast<int64_t>(manifest.size()), kManifestType),
                 tag));
  return SkopeoCopy(absl::StrCat("oci:", temp.path(), ":", tag),
                    absl::StrCat("docker://", repository_, ":", tag),
                    repository_);
}

absl::StatusOr<std::vector<StoredInput>> InputRepository::List() const {
  GANTRY_ASSIGN_OR_RETURN(const std::vector<std::string> tags,
                          ListTags(repository_));
  std::vector<StoredInput> inputs;
  for (const std::string& tag : tags) {
    if (!absl::StartsWith(tag, kTagPrefix)) continue;
    const auto manifest = InspectManifest(repository_, absl::StrCat(":", tag));
    // Another process may have removed it.
    if (absl::IsNotFound(manifest.status())) continue;
    GANTRY_RETURN_IF_ERROR(manifest.status());
    GANTRY_ASSIGN_OR_RETURN(
        StoredInput input,
        ParseManifest(*manifest, absl::StrCat(repository_, ":", tag)));
    inputs.push_back(std::move(input));
  }
  return inputs;
}

absl::Status InputRepository::Remove(const InputDigest& digest) const {
  const std::string tag = TagOf(digest);
  const absl::Status known =
      InspectManifest(repository_, absl::StrCat(":", tag)).status();
  if (absl::IsNotFound(known)) return absl::OkStatus();
  GANTRY_RETURN_IF_ERROR(known);
  return DeleteManifest(repository_, absl::StrCat(":", tag));
}

}  // namespace gantry::publish
