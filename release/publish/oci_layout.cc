#include "release/publish/oci_layout.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "base/json_object.h"
#include "base/status.h"
#include "base/status_macros.h"
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
constexpr size_t kBufferSize = 1 << 20;

// Keeps other processes from changing the layout while it lives.
class DirectoryLock {
 public:
  static absl::StatusOr<DirectoryLock> Acquire(const std::string& directory) {
    DirectoryLock lock(open(directory.c_str(), O_RDONLY | O_CLOEXEC));
    if (lock.fd() < 0 || flock(lock.fd(), LOCK_EX) != 0) {
      return ErrnoStatus(errno, directory);
    }
    return lock;
  }

  DirectoryLock(DirectoryLock&& other) : fd_(std::exchange(other.fd_, -1)) {}
  ~DirectoryLock() {
    if (fd_ >= 0) close(fd_);
  }

  int fd() const { return fd_; }

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}

  int fd_;
};

absl::StatusOr<Struct> ReadJson(const std::string& path) {
  GANTRY_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  Struct json;
  GANTRY_RETURN_IF_ERROR(ParseJson(text, path, json));
  return json;
}

// The tag of an entry of the index; empty if it has none.
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

// Copies `in` to `out` and checks what went by.
absl::Status CopyChecked(int in, int out, const Blob& blob) {
  Sha256 sha256;
  int64_t size = 0;
  std::vector<char> buffer(kBufferSize);
  while (true) {
    const ssize_t got = read(in, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, "read");
    if (got == 0) break;
    sha256.Update(absl::string_view(buffer.data(), got));
    size += got;
    for (ssize_t done = 0; done < got;) {
      const ssize_t wrote = write(out, buffer.data() + done, got - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return ErrnoStatus(errno, "write");
      done += wrote;
    }
  }
  const std::string digest = sha256.Finish();
  if (size != blob.size() || digest != blob.digest()) {
    return absl::DataLossError(absl::StrCat("is ", digest, " with ", size,
                                            " bytes, expected ", blob.digest(),
                                            " with ", blob.size(), " bytes"));
  }
  if (fsync(out) != 0) return ErrnoStatus(errno, "fsync");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<OciLayout> OciLayout::Open(const std::string& directory) {
  OciLayout layout(directory);
  GANTRY_RETURN_IF_ERROR(
      CreateDirectories(JoinPath(directory, "blobs/sha256")));
  // Another process may be making the layout at this moment.
  GANTRY_ASSIGN_OR_RETURN(const DirectoryLock lock,
                          DirectoryLock::Acquire(directory));
  const std::string marker = JoinPath(directory, "oci-layout");
  const auto present = ReadFile(marker);
  if (absl::IsNotFound(present.status())) {
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

absl::Status OciLayout::PutBlob(const Blob& blob, const std::string& source) {
  GANTRY_RETURN_IF_ERROR(Annotate(ValidateDigest(blob.digest()), source));
  const std::string path =
      absl::StrCat(directory_, "/blobs/sha256/", DigestHex(blob.digest()));
  struct stat present;
  if (stat(path.c_str(), &present) == 0 && present.st_size == blob.size()) {
    return absl::OkStatus();
  }

  const int in = open(source.c_str(), O_RDONLY | O_CLOEXEC);
  if (in < 0) return ErrnoStatus(errno, source);
  const absl::Cleanup close_in = [in] { close(in); };
  std::string temporary = absl::StrCat(path, ".XXXXXX");
  const int out = mkostemp(&temporary[0], O_CLOEXEC);
  if (out < 0) return ErrnoStatus(errno, path);
  absl::Cleanup remove = [&] { unlink(temporary.c_str()); };
  const absl::Cleanup close_out = [out] { close(out); };
  GANTRY_RETURN_IF_ERROR(Annotate(CopyChecked(in, out, blob), source));
  if (fchmod(out, 0644) != 0 || rename(temporary.c_str(), path.c_str()) != 0) {
    return ErrnoStatus(errno, path);
  }
  std::move(remove).Cancel();
  return absl::OkStatus();
}

absl::Status OciLayout::Tag(const Blob& manifest, absl::string_view tag) {
  GANTRY_ASSIGN_OR_RETURN(const DirectoryLock lock,
                          DirectoryLock::Acquire(directory_));
  // The blobs' names too must be on disk before the index points at them.
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
      absl::StrCat(index_path(), ": no image is named ", tag));
}

}  // namespace gantry::publish
