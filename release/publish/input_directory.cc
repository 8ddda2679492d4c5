#include "release/publish/input_directory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/fd_io.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace gantry::publish {
namespace {

namespace fs = std::filesystem;

// Copies the content of a file to `out`, the file `path`, durably.
absl::Status CopyTo(int out, const std::string& path,
                    const std::string& source) {
  const UniqueFd in(open(source.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in.ok()) return ErrnoStatus(errno, source);
  GANTRY_RETURN_IF_ERROR(ReadPieces(
      in.get(), source,
      [&](absl::string_view piece) { return WriteAll(out, piece, path); }));
  if (fchmod(out, 0644) != 0 || fsync(out) != 0) {
    return ErrnoStatus(errno, path);
  }
  return absl::OkStatus();
}

}  // namespace

std::string InputDirectory::PathOf(const InputDigest& digest) const {
  return absl::StrCat(directory_, "/", digest.algorithm, "/", digest.hex);
}

absl::StatusOr<std::vector<InputDigest>> InputDirectory::FindMissing(
    const std::vector<InputDigest>& digests) const {
  std::vector<InputDigest> missing;
  for (const InputDigest& digest : digests) {
    if (access(PathOf(digest).c_str(), F_OK) != 0) missing.push_back(digest);
  }
  return missing;
}

absl::Status InputDirectory::Put(const InputDigest& digest,
                                 const std::string& path) const {
  const std::string target = PathOf(digest);
  if (access(target.c_str(), F_OK) == 0) return absl::OkStatus();
  const std::string parent = fs::path(target).parent_path();
  GANTRY_RETURN_IF_ERROR(CreateDirectories(parent));
  std::string temporary = absl::StrCat(target, ".XXXXXX");
  const UniqueFd out(mkostemp(&temporary[0], O_CLOEXEC));
  if (!out.ok()) return ErrnoStatus(errno, target);
  absl::Cleanup remove = [&] { unlink(temporary.c_str()); };
  GANTRY_RETURN_IF_ERROR(CopyTo(out.get(), temporary, path));
  // What was copied, even if the source changes meanwhile.
  GANTRY_RETURN_IF_ERROR(Annotate(CheckInputDigest(digest, temporary), path));
  if (rename(temporary.c_str(), target.c_str()) != 0) {
    return ErrnoStatus(errno, target);
  }
  std::move(remove).Cancel();
  const UniqueFd entries(
      open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!entries.ok() || fsync(entries.get()) != 0) {
    return ErrnoStatus(errno, parent);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<StoredInput>> InputDirectory::List() const {
  std::vector<StoredInput> inputs;
  for (const char* algorithm : {"sha256", "sha512"}) {
    const std::string parent = JoinPath(directory_, algorithm);
    std::error_code error;
    if (!fs::exists(parent, error)) continue;
    fs::directory_iterator entries(parent, error);
    if (error) return ErrnoStatus(error.value(), parent);
    for (const fs::directory_entry& entry : entries) {
      const std::string digest =
          absl::StrCat(algorithm, ":", entry.path().filename().string());
      // A file that is being written has another name.
      if (!ParseInputDigest(digest).ok()) continue;
      struct stat file;
      // Another process may have removed it.
      if (stat(entry.path().c_str(), &file) != 0) continue;
      inputs.push_back({digest, absl::TimeFromTimespec(file.st_mtim)});
    }
  }
  return inputs;
}

absl::Status InputDirectory::Remove(const InputDigest& digest) const {
  const std::string path = PathOf(digest);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return ErrnoStatus(errno, path);
  }
  return absl::OkStatus();
}

}  // namespace gantry::publish
