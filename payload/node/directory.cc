#include "payload/node/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/digest.h"
#include "base/fd_io.h"
#include "base/file.h"
#include "base/open_in_root.h"
#include "base/status_macros.h"
#include "payload/node/exit_code.h"

namespace gantry::node {
namespace {

std::vector<std::string> Components(absl::string_view path) {
  return absl::StrSplit(path, '/', absl::SkipEmpty());
}

}  // namespace

absl::StatusOr<Directory> Directory::Open(const std::string& path,
                                          BeforeOperation before) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return SystemError(errno, path);
  return Directory(std::move(fd), path, std::move(before));
}

std::string Directory::FullPath(absl::string_view path) const {
  return path.empty() ? path_ : JoinPath(path_, path);
}

absl::Status Directory::LastError(absl::string_view path) const {
  const int error_number = errno;
  return SystemError(error_number, FullPath(path));
}

absl::Status Directory::Before(absl::string_view operation,
                               absl::string_view path) const {
  return before_ ? before_(operation, FullPath(path)) : absl::OkStatus();
}

absl::StatusOr<UniqueFd> Directory::CreateMissing(
    absl::string_view path, int parent, const std::string& name) const {
  GANTRY_RETURN_IF_ERROR(Before("mkdir", path));
  if (mkdirat(parent, name.c_str(), 0755) != 0) return LastError(path);
  UniqueFd created(openat(parent, name.c_str(),
                          O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  // mkdir(2) applied the umask.
  if (!created.ok() || fchmod(created.get(), 0755) != 0) {
    return LastError(path);
  }
  return created;
}

absl::StatusOr<Directory> Directory::Resolve(absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(UniqueFd fd, OpenInRoot({fd_.get(), path_}, path,
                                                  O_RDONLY | O_DIRECTORY));
  return Directory(std::move(fd), FullPath(path), before_);
}

absl::StatusOr<Directory> Directory::ResolveOrCreate(
    absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(
      UniqueFd fd, OpenInRoot({fd_.get(), path_}, path, O_RDONLY | O_DIRECTORY,
                              [&](int parent, const std::string& name) {
                                return CreateMissing(path, parent, name);
                              }));
  return Directory(std::move(fd), FullPath(path), before_);
}

absl::StatusOr<std::string> Directory::ReadFile(absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(
      const UniqueFd fd,
      OpenInRoot({fd_.get(), path_}, path, O_RDONLY | O_NONBLOCK));
  return ReadAll(fd.get(), FullPath(path));
}

absl::StatusOr<Directory::Location> Directory::Locate(
    absl::string_view path) const {
  std::vector<std::string> components = Components(path);
  if (components.empty()) return absl::InvalidArgumentError("empty path");
  Location location;
  location.name = std::move(components.back());
  components.pop_back();
  location.parent = UniqueFd(fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
  if (!location.parent.ok()) return LastError(path);
  for (const std::string& component : components) {
    UniqueFd next(openat(location.parent.get(), component.c_str(),
                         O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next.ok()) return LastError(path);
    location.parent = std::move(next);
  }
  return location;
}

absl::StatusOr<absl::optional<struct stat>> Directory::Stat(
    absl::string_view path) const {
  const absl::StatusOr<Location> location = Locate(path);
  if (absl::IsNotFound(location.status())) return absl::nullopt;
  GANTRY_RETURN_IF_ERROR(location.status());
  struct stat info;
  if (fstatat(location->parent.get(), location->name.c_str(), &info,
              AT_SYMLINK_NOFOLLOW) == 0) {
    return absl::make_optional(info);
  }
  if (errno == ENOENT) return absl::nullopt;
  return LastError(path);
}

absl::StatusOr<std::string> Directory::ReadLink(absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(const Location location, Locate(path));
  char target[PATH_MAX];
  const ssize_t size = readlinkat(location.parent.get(), location.name.c_str(),
                                  target, sizeof(target));
  if (size < 0) return LastError(path);
  return std::string(target, size);
}

absl::StatusOr<UniqueFd> Directory::OpenFile(absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(const Location location, Locate(path));
  // O_NONBLOCK: opening a FIFO must not block.
  UniqueFd fd(openat(location.parent.get(), location.name.c_str(),
                     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.ok()) return LastError(path);
  return fd;
}

absl::StatusOr<std::string> Directory::FileDigest(
    absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(const UniqueFd fd, OpenFile(path));
  Sha256 sha256;
  GANTRY_RETURN_IF_ERROR(
      ReadPieces(fd.get(), FullPath(path), [&](absl::string_view piece) {
        sha256.Update(piece);
        return absl::OkStatus();
      }));
  return sha256.Finish();
}

absl::StatusOr<Directory> Directory::OpenDirectory(
    absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(const Location location, Locate(path));
  UniqueFd fd(openat(location.parent.get(), location.name.c_str(),
                     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.ok()) return LastError(path);
  return Directory(std::move(fd), FullPath(path), before_);
}

absl::StatusOr<std::vector<std::string>> Directory::List() const {
  // A new descriptor, because closedir(3) closes it and readdir(3) moves its
  // position.
  UniqueFd fd(openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return LastError("");
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(fdopendir(fd.get()),
                                                    &closedir);
  if (entries == nullptr) return LastError("");
  fd.Release();
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* const entry = readdir(entries.get());
    if (entry == nullptr && errno != 0) return LastError("");
    if (entry == nullptr) break;
    const absl::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status Directory::CreateDirectory(absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(const Location location, Locate(path));
  GANTRY_RETURN_IF_ERROR(Before("mkdir", path));
  if (mkdirat(location.parent.get(), location.name.c_str(), 0755) != 0) {
    return LastError(path);
  }
  return absl::OkStatus();
}

absl::Status Directory::SetMode(absl::string_view path, mode_t mode) const {
  GANTRY_ASSIGN_OR_RETURN(const Directory directory, OpenDirectory(path));
  GANTRY_RETURN_IF_ERROR(Before("chmod", path));
  if (fchmod(directory.fd(), mode) != 0) return LastError(path);
  return absl::OkStatus();
}

absl::StatusOr<NewFile> Directory::CreateFile(absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(const Location location, Locate(path));
  GANTRY_RETURN_IF_ERROR(Before("create", path));
  UniqueFd fd(openat(location.parent.get(), location.name.c_str(),
                     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                     0600));
  if (!fd.ok()) return LastError(path);
  return NewFile(std::move(fd), FullPath(path), before_);
}

absl::Status Directory::CreateLink(const std::string& target,
                                   absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(const Location location, Locate(path));
  GANTRY_RETURN_IF_ERROR(Before("symlink", path));
  if (symlinkat(target.c_str(), location.parent.get(), location.name.c_str()) !=
      0) {
    return LastError(path);
  }
  return absl::OkStatus();
}

absl::Status Directory::Rename(absl::string_view from,
                               absl::string_view to) const {
  GANTRY_ASSIGN_OR_RETURN(const Location source, Locate(from));
  GANTRY_ASSIGN_OR_RETURN(const Location target, Locate(to));
  GANTRY_RETURN_IF_ERROR(Before("rename", to));
  if (renameat(source.parent.get(), source.name.c_str(), target.parent.get(),
               target.name.c_str()) != 0) {
    return LastError(to);
  }
  return absl::OkStatus();
}

absl::Status Directory::Exchange(absl::string_view a,
                                 absl::string_view b) const {
  GANTRY_ASSIGN_OR_RETURN(const Location first, Locate(a));
  GANTRY_ASSIGN_OR_RETURN(const Location second, Locate(b));
  GANTRY_RETURN_IF_ERROR(Before("exchange", b));
  if (renameat2(first.parent.get(), first.name.c_str(), second.parent.get(),
                second.name.c_str(), RENAME_EXCHANGE) == 0) {
    return absl::OkStatus();
  }
  // EINVAL: not supported by the file system (rename(2)).
  if (errno == EINVAL || errno == ENOSYS) {
    return absl::UnimplementedError(
        absl::StrCat(FullPath(b), ": the file system has no RENAME_EXCHANGE"));
  }
  return LastError(b);
}

absl::Status Directory::Remove(absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(const Location location, Locate(path));
  GANTRY_RETURN_IF_ERROR(Before("remove", path));
  if (unlinkat(location.parent.get(), location.name.c_str(), 0) == 0) {
    return absl::OkStatus();
  }
  if (errno == EISDIR && unlinkat(location.parent.get(), location.name.c_str(),
                                  AT_REMOVEDIR) == 0) {
    return absl::OkStatus();
  }
  return LastError(path);
}

absl::Status Directory::Sync() const {
  GANTRY_RETURN_IF_ERROR(Before("sync", ""));
  if (fsync(fd_.get()) != 0) return LastError("");
  return absl::OkStatus();
}

absl::Status Directory::SyncFileSystem() const {
  GANTRY_RETURN_IF_ERROR(Before("sync", ""));
  if (syncfs(fd_.get()) != 0) return LastError("");
  return absl::OkStatus();
}

}  // namespace gantry::node
