#ifndef GANTRY_BASE_RELATIVE_PATH_H_
#define GANTRY_BASE_RELATIVE_PATH_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry {

// Paths inside an archive or a tree, as text; the file system is not accessed.

// `path` without "." components and redundant slashes; "" for the root itself.
// INVALID_ARGUMENT: it is absolute, or has a ".." component or a NUL.
absl::StatusOr<std::string> CleanRelativePath(absl::string_view path);

// Resolves the target of a symbolic link at the clean path `link_path`.  The
// result is clean and relative to the same root; "" is the root itself.
// INVALID_ARGUMENT: `target` is empty or absolute, has a NUL, or is outside the
// root.
absl::StatusOr<std::string> ResolveLink(absl::string_view link_path,
                                        absl::string_view target);

// The target that makes a symbolic link at `link_path` refer to `path`.  Both
// are clean.
std::string RelativeLinkTarget(absl::string_view link_path,
                               absl::string_view path);

// The directory part of `path`; "" if it has none.
absl::string_view ParentPath(absl::string_view path);

// The part of `path` after its last slash.
absl::string_view BaseName(absl::string_view path);

}  // namespace gantry

#endif  // GANTRY_BASE_RELATIVE_PATH_H_
