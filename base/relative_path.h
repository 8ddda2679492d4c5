#ifndef GANTRY_BASE_RELATIVE_PATH_H_
#define GANTRY_BASE_RELATIVE_PATH_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry {

// Paths inside an archive or a tree, as text; no file system is asked.

// `path` without "." parts and superfluous slashes; "" for the root itself.
// INVALID_ARGUMENT: it is absolute, has a ".." part or a NUL.
absl::StatusOr<std::string> CleanRelativePath(absl::string_view path);

// Where a symlink at `link_path`, which is clean, leads: a clean path from the
// same root; "" for the root itself.
// INVALID_ARGUMENT: `target` is empty, absolute, has a NUL, or leads out of
// the root.
absl::StatusOr<std::string> ResolveLink(absl::string_view link_path,
                                        absl::string_view target);

// What a symlink at `link_path` must say to lead to `path`; both are clean.
std::string RelativeLinkTarget(absl::string_view link_path,
                               absl::string_view path);

// The folder that `path` is in; "" at the top.
absl::string_view ParentPath(absl::string_view path);

// The part of `path` after its last slash.
absl::string_view BaseName(absl::string_view path);

}  // namespace gantry

#endif  // GANTRY_BASE_RELATIVE_PATH_H_
