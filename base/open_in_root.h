#ifndef GANTRY_BASE_OPEN_IN_ROOT_H_
#define GANTRY_BASE_OPEN_IN_ROOT_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/unique_fd.h"

namespace gantry {

// A directory that is treated as the root of a file system, such as a host's
// root inside a container.
struct RootDirectory {
  int fd = -1;
  // Identifies the directory in errors.
  std::string name;
};

// Creates and opens the missing directory `name` in the directory `parent`.
using CreateMissing = absl::FunctionRef<absl::StatusOr<UniqueFd>(
    int parent, const std::string& name)>;

// Opens `path` as if `root` were "/": absolute symbolic links start at it, and
// ".." cannot leave it.  `flags` are those of open(2), without O_CREAT and
// O_PATH; O_CLOEXEC is added.  At most 40 links are followed, as in
// path_resolution(7).
//
// The path is walked component by component, which is what openat2(2) does with
// RESOLVE_IN_ROOT; CoreOS's kernels (4.14, 4.19) are older than that call
// (Linux 5.6).
//
// Errors have the code that corresponds to errno (NOT_FOUND, ...) and name the
// path.
absl::StatusOr<UniqueFd> OpenInRoot(const RootDirectory& root,
                                    absl::string_view path, int flags);

// The same, but creates missing directories.
absl::StatusOr<UniqueFd> OpenInRoot(const RootDirectory& root,
                                    absl::string_view path, int flags,
                                    CreateMissing create_missing);

}  // namespace gantry

#endif  // GANTRY_BASE_OPEN_IN_ROOT_H_
