#ifndef GANTRY_PAYLOAD_NODE_DIRECTORY_H_
#define GANTRY_PAYLOAD_NODE_DIRECTORY_H_

#include <sys/stat.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "base/unique_fd.h"
#include "payload/node/new_file.h"

namespace gantry::node {

// An open directory, and operations on what is below it.
//
// Paths are relative and contain no "..".  No operation follows a symbolic link
// in any part of a path: a planted link causes an error, not a write somewhere
// else.  The exceptions are Resolve(), ResolveOrCreate() and ReadFile(), which
// follow links as if this directory were "/", and so never leave it.
//
// Errors name the path.  Those of a full file system have ExitCode::kNoSpace.
class Directory {
 public:
  // Operations on the directory, and on those opened through it, call `before`.
  static absl::StatusOr<Directory> Open(const std::string& path,
                                        BeforeOperation before = nullptr);

  // The path as this process sees it.
  const std::string& path() const { return path_; }
  int fd() const { return fd_.get(); }

  // Opens the directory `path`, following links.  NOT_FOUND: it does not exist.
  absl::StatusOr<Directory> Resolve(absl::string_view path) const;
  // The same, but creates what is missing, with permissions 0755.
  absl::StatusOr<Directory> ResolveOrCreate(absl::string_view path) const;
  // Returns the content of a file, following links.
  absl::StatusOr<std::string> ReadFile(absl::string_view path) const;

  // nullopt: `path` does not exist.
  absl::StatusOr<absl::optional<struct stat>> Stat(
      absl::string_view path) const;
  absl::StatusOr<std::string> ReadLink(absl::string_view path) const;
  absl::StatusOr<UniqueFd> OpenFile(absl::string_view path) const;
  absl::StatusOr<std::string> FileDigest(absl::string_view path) const;
  absl::StatusOr<Directory> OpenDirectory(absl::string_view path) const;
  // The names in this directory, without "." and "..", sorted.
  absl::StatusOr<std::vector<std::string>> List() const;

  absl::Status CreateDirectory(absl::string_view path) const;
  // Sets the permissions of a directory.
  absl::Status SetMode(absl::string_view path, mode_t mode) const;
  // ALREADY_EXISTS: `path` exists.
  absl::StatusOr<NewFile> CreateFile(absl::string_view path) const;
  absl::Status CreateLink(const std::string& target,
                          absl::string_view path) const;
  absl::Status Rename(absl::string_view from, absl::string_view to) const;
  // Swaps two paths atomically.  UNIMPLEMENTED: this file system cannot.
  absl::Status Exchange(absl::string_view a, absl::string_view b) const;
  // Removes a file, a link or an empty directory.
  absl::Status Remove(absl::string_view path) const;

  // Makes the entries of this directory durable.
  absl::Status Sync() const;
  // Makes everything on the file system of this directory durable.
  absl::Status SyncFileSystem() const;

 private:
  Directory(UniqueFd fd, std::string path, BeforeOperation before)
      : fd_(std::move(fd)),
        path_(std::move(path)),
        before_(std::move(before)) {}

  // The open parent directory of a path, and the last component.
  struct Location {
    UniqueFd parent;
    std::string name;
  };
  absl::StatusOr<Location> Locate(absl::string_view path) const;

  // Creates the directory `name` in `parent` for ResolveOrCreate(path).
  absl::StatusOr<UniqueFd> CreateMissing(absl::string_view path, int parent,
                                         const std::string& name) const;

  absl::Status Before(absl::string_view operation,
                      absl::string_view path) const;
  // `path` as this process sees it, for error messages.
  std::string FullPath(absl::string_view path) const;
  // The status for errno, naming `path`.
  absl::Status LastError(absl::string_view path) const;

  UniqueFd fd_;
  std::string path_;
  BeforeOperation before_;
};

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_DIRECTORY_H_
