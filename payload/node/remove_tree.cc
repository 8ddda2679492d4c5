#include "payload/node/remove_tree.h"

#include <sys/stat.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "payload/node/exit_code.h"
#include "payload/node/mount_points.h"

namespace gantry::node {
namespace {

absl::Status Mounted(absl::string_view mount_point, absl::string_view tree) {
  return WithExitCode(absl::FailedPreconditionError(absl::StrCat(
                          "cannot remove ", tree, ": something is mounted on ",
                          mount_point, "; unmount it and run this again")),
                      ExitCode::kMounted);
}

enum class Kind { kNothing, kDirectory, kOther };

absl::StatusOr<Kind> KindOf(const Directory& parent, absl::string_view name) {
  GANTRY_ASSIGN_OR_RETURN(const absl::optional<struct stat> info,
                          parent.Stat(name));
  if (!info.has_value()) return Kind::kNothing;
  return S_ISDIR(info->st_mode) ? Kind::kDirectory : Kind::kOther;
}

absl::Status Remove(const Directory& parent, absl::string_view name,
                    int mount_id, absl::string_view tree) {
  GANTRY_ASSIGN_OR_RETURN(const Kind kind, KindOf(parent, name));
  if (kind == Kind::kNothing) return absl::OkStatus();
  if (kind == Kind::kDirectory) {
    GANTRY_ASSIGN_OR_RETURN(const Directory directory,
                            parent.OpenDirectory(name));
    GANTRY_ASSIGN_OR_RETURN(const int found, MountId(directory.fd()));
    if (found != mount_id) return Mounted(directory.path(), tree);
    GANTRY_ASSIGN_OR_RETURN(const auto children, directory.List());
    for (const std::string& child : children) {
      GANTRY_RETURN_IF_ERROR(Remove(directory, child, mount_id, tree));
    }
  }
  return parent.Remove(name);
}

}  // namespace

absl::Status CheckNothingMounted(const Directory& parent,
                                 absl::string_view path) {
  GANTRY_ASSIGN_OR_RETURN(const Kind kind, KindOf(parent, path));
  if (kind != Kind::kDirectory) return absl::OkStatus();
  GANTRY_ASSIGN_OR_RETURN(const Directory directory,
                          parent.OpenDirectory(path));
  GANTRY_ASSIGN_OR_RETURN(const absl::optional<std::string> mount_point,
                          FindMountPoint(directory.fd()));
  if (!mount_point.has_value()) return absl::OkStatus();
  return Mounted(mount_point->empty()
                     ? directory.path()
                     : JoinPath(directory.path(), *mount_point),
                 directory.path());
}

absl::Status RemoveTree(const Directory& parent, absl::string_view name) {
  GANTRY_RETURN_IF_ERROR(CheckNothingMounted(parent, name));
  GANTRY_ASSIGN_OR_RETURN(const int mount_id, MountId(parent.fd()));
  return Remove(parent, name, mount_id, JoinPath(parent.path(), name));
}

}  // namespace gantry::node
