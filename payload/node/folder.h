#ifndef GANTRY_PAYLOAD_NODE_FOLDER_H_
#define GANTRY_PAYLOAD_NODE_FOLDER_H_

#include <sys/stat.h>
#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "base/unique_fd.h"

namespace gantry::node {

// Called before each operation that changes a file system, with its name
// ("write", "rename", ...) and the path.  An error is the operation's result,
// and nothing is changed.  This is how a signal stops the installer, and how
// tests fail or kill it at every single operation.  Empty: never an error.
using BeforeOperation = std::function<absl::Status(absl::string_view operation,
                                                   absl::string_view path)>;

// A file under construction.
class NewFile {
 public:
  NewFile(UniqueFd fd, std::string path, BeforeOperation before)
      : fd_(std::move(fd)),
        path_(std::move(path)),
        before_(std::move(before)) {}

  absl::Status Write(absl::string_view data);

  // Sets the permissions and closes it; call last.
  absl::Status Finish(mode_t mode);

  // As Finish, and the content is durable.
  absl::Status FinishDurably(mode_t mode);

 private:
  UniqueFd fd_;
  const std::string path_;
  const BeforeOperation before_;
};

// An open folder, and operations below it.  Paths are relative, without ".."
// parts, and no operation follows a symbolic link, in any part of the path: a
// link that somebody planted gives an error instead of a write elsewhere.
// Only Resolve and Make follow links, and as if this folder were "/", so they
// cannot leave it either.  Errors name the path.  ENOSPC has
// ExitCode::kNoSpace.
class Folder {
 public:
  static absl::StatusOr<Folder> Open(const std::string& path,
                                     BeforeOperation before = nullptr);

  // As this process names it.
  const std::string& path() const { return path_; }
  int fd() const { return fd_.get(); }

  // The folder `path`, links followed inside this folder.  NOT_FOUND.
  absl::StatusOr<Folder> Resolve(absl::string_view path) const;
  // The same; creates what is missing, with permissions 0755.
  absl::StatusOr<Folder> Make(absl::string_view path) const;
  // The content of a file; links followed inside this folder.
  absl::StatusOr<std::string> ReadFile(absl::string_view path) const;

  // nullopt: there is nothing at `path`.
  absl::StatusOr<absl::optional<struct stat>> Stat(
      absl::string_view path) const;
  absl::StatusOr<std::string> ReadLink(absl::string_view path) const;
  absl::StatusOr<UniqueFd> OpenFile(absl::string_view path) const;
  absl::StatusOr<std::string> FileDigest(absl::string_view path) const;
  absl::StatusOr<Folder> OpenFolder(absl::string_view path) const;
  // The names in this folder, without "." and "..", sorted.
  absl::StatusOr<std::vector<std::string>> List() const;

  absl::Status MakeFolder(absl::string_view path) const;
  absl::Status SetMode(absl::string_view path, mode_t mode) const;
  // ALREADY_EXISTS: there is something at `path`.
  absl::StatusOr<NewFile> CreateFile(absl::string_view path) const;
  absl::Status MakeLink(const std::string& target,
                        absl::string_view path) const;
  absl::Status Rename(absl::string_view from, absl::string_view to) const;
  // Swaps the two in one step.  UNIMPLEMENTED: this file system cannot.
  absl::Status Exchange(absl::string_view a, absl::string_view b) const;
  // Removes a file, a link or an empty folder.
  absl::Status Remove(absl::string_view path) const;

  // Makes this folder's own entries durable.
  absl::Status Sync() const;
  // Makes everything on this folder's file system durable.
  absl::Status SyncFileSystem() const;

 private:
  Folder(UniqueFd fd, std::string path, BeforeOperation before)
      : fd_(std::move(fd)),
        path_(std::move(path)),
        before_(std::move(before)) {}

  struct Place;  // The open parent folder and the last part of a path.
  absl::StatusOr<Place> Locate(absl::string_view path) const;
  // Makes the folder `name` of `parent`, which Make(path) has to go through.
  absl::StatusOr<UniqueFd> MakeMissing(absl::string_view path, int parent,
                                       const std::string& name) const;
  absl::Status Before(absl::string_view operation,
                      absl::string_view path) const;
  std::string Name(absl::string_view path) const;

  UniqueFd fd_;
  std::string path_;
  BeforeOperation before_;
};

}  // namespace gantry::node

#endif  // GANTRY_PAYLOAD_NODE_FOLDER_H_
