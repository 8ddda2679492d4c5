#include "payload/node/folder.h"

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
#include "base/status.h"
#include "base/status_macros.h"
#include "payload/node/exit_code.h"

namespace gantry::node {
namespace {

absl::Status SystemError(absl::string_view context) {
  const int error = errno;
  absl::Status status = ErrnoStatus(error, context);
  if (error == ENOSPC || error == EDQUOT) {
    return WithExitCode(std::move(status), ExitCode::kNoSpace);
  }
  return status;
}

absl::StatusOr<std::string> ReadLinkAt(int folder, const std::string& name,
                                       absl::string_view context) {
  char target[PATH_MAX];
  const ssize_t size = readlinkat(folder, name.c_str(), target, sizeof(target));
  if (size < 0) return SystemError(context);
  return std::string(target, size);
}

std::vector<std::string> Parts(absl::string_view path) {
  return absl::StrSplit(path, '/', absl::SkipEmpty());
}

}  // namespace

absl::Status NewFile::Write(absl::string_view data) {
  if (before_) GANTRY_RETURN_IF_ERROR(before_("write", path_));
  absl::Status status = WriteAll(fd_.get(), data, path_);
  if (!absl::IsResourceExhausted(status)) return status;
  return WithExitCode(std::move(status), ExitCode::kNoSpace);
}

absl::Status NewFile::Finish(mode_t mode) {
  if (before_) GANTRY_RETURN_IF_ERROR(before_("chmod", path_));
  if (fchmod(fd_.get(), mode) != 0) return SystemError(path_);
  fd_ = UniqueFd();
  return absl::OkStatus();
}

absl::Status NewFile::FinishDurably(mode_t mode) {
  if (before_) GANTRY_RETURN_IF_ERROR(before_("sync", path_));
  if (fsync(fd_.get()) != 0) return SystemError(path_);
  return Finish(mode);
}

struct Folder::Place {
  UniqueFd parent;
  std::string name;
};

absl::StatusOr<Folder> Folder::Open(const std::string& path,
                                    BeforeOperation before) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return SystemError(path);
  return Folder(std::move(fd), path, std::move(before));
}

std::string Folder::Name(absl::string_view path) const {
  return path.empty() ? path_ : JoinPath(path_, path);
}

absl::Status Folder::Before(absl::string_view operation,
                            absl::string_view path) const {
  return before_ ? before_(operation, Name(path)) : absl::OkStatus();
}

absl::StatusOr<UniqueFd> Folder::MakeMissing(absl::string_view path, int parent,
                                             const std::string& name) const {
  GANTRY_RETURN_IF_ERROR(Before("mkdir", path));
  if (mkdirat(parent, name.c_str(), 0755) != 0) return SystemError(Name(path));
  UniqueFd made(openat(parent, name.c_str(),
                       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  // Whatever the umask is.
  if (!made.ok() || fchmod(made.get(), 0755) != 0) {
    return SystemError(Name(path));
  }
  return made;
}

absl::StatusOr<Folder> Folder::Resolve(absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(UniqueFd fd, OpenInRoot({fd_.get(), path_}, path,
                                                  O_RDONLY | O_DIRECTORY));
  return Folder(std::move(fd), Name(path), before_);
}

absl::StatusOr<Folder> Folder::Make(absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(
      UniqueFd fd, OpenInRoot({fd_.get(), path_}, path, O_RDONLY | O_DIRECTORY,
                              [&](int parent, const std::string& name) {
                                return MakeMissing(path, parent, name);
                              }));
  return Folder(std::move(fd), Name(path), before_);
}

absl::StatusOr<std::string> Folder::ReadFile(absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(
      const UniqueFd fd,
      OpenInRoot({fd_.get(), path_}, path, O_RDONLY | O_NONBLOCK));
  return ReadAll(fd.get(), Name(path));
}

absl::StatusOr<Folder::Place> Folder::Locate(absl::string_view path) const {
  std::vector<std::string> parts = Parts(path);
  if (parts.empty()) return absl::InvalidArgumentError("empty path");
  Place place;
  place.name = std::move(parts.back());
  parts.pop_back();
  place.parent = UniqueFd(fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
  if (!place.parent.ok()) return SystemError(Name(path));
  for (const std::string& part : parts) {
    UniqueFd next(openat(place.parent.get(), part.c_str(),
                         O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next.ok()) return SystemError(Name(path));
    place.parent = std::move(next);
  }
  return place;
}

absl::StatusOr<absl::optional<struct stat>> Folder::Stat(
    absl::string_view path) const {
  const absl::StatusOr<Place> place = Locate(path);
  if (absl::IsNotFound(place.status())) return absl::nullopt;
  GANTRY_RETURN_IF_ERROR(place.status());
  struct stat info;
  if (fstatat(place->parent.get(), place->name.c_str(), &info,
              AT_SYMLINK_NOFOLLOW) == 0) {
    return absl::make_optional(info);
  }
  if (errno == ENOENT) return absl::nullopt;
  return SystemError(Name(path));
}

absl::StatusOr<std::string> Folder::ReadLink(absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(const Place place, Locate(path));
  return ReadLinkAt(place.parent.get(), place.name, Name(path));
}

absl::StatusOr<UniqueFd> Folder::OpenFile(absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(const Place place, Locate(path));
  // O_NONBLOCK: a FIFO in place of a file must not hang us.
  UniqueFd fd(openat(place.parent.get(), place.name.c_str(),
                     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.ok()) return SystemError(Name(path));
  return fd;
}

absl::StatusOr<std::string> Folder::FileDigest(absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(const UniqueFd fd, OpenFile(path));
  absl::StatusOr<std::string> digest =
      FileSha256Digest(absl::StrCat("/proc/self/fd/", fd.get()));
  if (!digest.ok()) return Annotate(digest.status(), Name(path));
  return digest;
}

absl::StatusOr<Folder> Folder::OpenFolder(absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(const Place place, Locate(path));
  UniqueFd fd(openat(place.parent.get(), place.name.c_str(),
                     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.ok()) return SystemError(Name(path));
  return Folder(std::move(fd), Name(path), before_);
}

absl::StatusOr<std::vector<std::string>> Folder::List() const {
  // A descriptor of its own: closedir(3) closes it, and its position is new.
  UniqueFd fd(openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return SystemError(path_);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(fdopendir(fd.get()),
                                                    &closedir);
  if (entries == nullptr) return SystemError(path_);
  fd.Release();
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* const entry = readdir(entries.get());
    if (entry == nullptr && errno != 0) return SystemError(path_);
    if (entry == nullptr) break;
    const absl::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status Folder::MakeFolder(absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(const Place place, Locate(path));
  GANTRY_RETURN_IF_ERROR(Before("mkdir", path));
  if (mkdirat(place.parent.get(), place.name.c_str(), 0755) != 0) {
    return SystemError(Name(path));
  }
  return absl::OkStatus();
}

absl::Status Folder::SetMode(absl::string_view path, mode_t mode) const {
  GANTRY_ASSIGN_OR_RETURN(const Folder folder, OpenFolder(path));
  GANTRY_RETURN_IF_ERROR(Before("chmod", path));
  if (fchmod(folder.fd(), mode) != 0) return SystemError(Name(path));
  return absl::OkStatus();
}

absl::StatusOr<NewFile> Folder::CreateFile(absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(const Place place, Locate(path));
  GANTRY_RETURN_IF_ERROR(Before("create", path));
  UniqueFd fd(openat(place.parent.get(), place.name.c_str(),
                     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                     0600));
  if (!fd.ok()) return SystemError(Name(path));
  return NewFile(std::move(fd), Name(path), before_);
}

absl::Status Folder::MakeLink(const std::string& target,
                              absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(const Place place, Locate(path));
  GANTRY_RETURN_IF_ERROR(Before("symlink", path));
  if (symlinkat(target.c_str(), place.parent.get(), place.name.c_str()) != 0) {
    return SystemError(Name(path));
  }
  return absl::OkStatus();
}

absl::Status Folder::Rename(absl::string_view from,
                            absl::string_view to) const {
  GANTRY_ASSIGN_OR_RETURN(const Place source, Locate(from));
  GANTRY_ASSIGN_OR_RETURN(const Place target, Locate(to));
  GANTRY_RETURN_IF_ERROR(Before("rename", to));
  if (renameat(source.parent.get(), source.name.c_str(), target.parent.get(),
               target.name.c_str()) != 0) {
    return SystemError(Name(to));
  }
  return absl::OkStatus();
}

absl::Status Folder::Exchange(absl::string_view a, absl::string_view b) const {
  GANTRY_ASSIGN_OR_RETURN(const Place first, Locate(a));
  GANTRY_ASSIGN_OR_RETURN(const Place second, Locate(b));
  GANTRY_RETURN_IF_ERROR(Before("exchange", b));
  if (renameat2(first.parent.get(), first.name.c_str(), second.parent.get(),
                second.name.c_str(), RENAME_EXCHANGE) == 0) {
    return absl::OkStatus();
  }
  // EINVAL: the file system does not support it (rename(2)).
  if (errno == EINVAL || errno == ENOSYS) {
    return absl::UnimplementedError(
        absl::StrCat(Name(b), ": no RENAME_EXCHANGE here"));
  }
  return SystemError(Name(b));
}

absl::Status Folder::Remove(absl::string_view path) const {
  GANTRY_ASSIGN_OR_RETURN(const Place place, Locate(path));
  GANTRY_RETURN_IF_ERROR(Before("remove", path));
  if (unlinkat(place.parent.get(), place.name.c_str(), 0) == 0) {
    return absl::OkStatus();
  }
  if (errno == EISDIR &&
      unlinkat(place.parent.get(), place.name.c_str(), AT_REMOVEDIR) == 0) {
    return absl::OkStatus();
  }
  return SystemError(Name(path));
}

absl::Status Folder::Sync() const {
  GANTRY_RETURN_IF_ERROR(Before("sync", ""));
  if (fsync(fd_.get()) != 0) return SystemError(path_);
  return absl::OkStatus();
}

absl::Status Folder::SyncFileSystem() const {
  GANTRY_RETURN_IF_ERROR(Before("sync", ""));
  if (syncfs(fd_.get()) != 0) return SystemError(path_);
  return absl::OkStatus();
}

}  // namespace gantry::node
