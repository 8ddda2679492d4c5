#include "release/state/state_dir.h"

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/status_macros.h"

namespace gantry {

absl::StatusOr<StateDir> StateDir::Open(std::string path) {
  if (path.empty()) {
    const char* workspace = getenv("BUILD_WORKSPACE_DIRECTORY");
    path = JoinPath(workspace != nullptr ? workspace : ".", ".gantry");
  }
  // `bazel run` starts programs elsewhere; a relative path means the user's
  // folder.
  const char* user_dir = getenv("BUILD_WORKING_DIRECTORY");
  if (path[0] != '/' && user_dir != nullptr) path = JoinPath(user_dir, path);
  path = std::filesystem::absolute(path).lexically_normal();
  GANTRY_RETURN_IF_ERROR(CreateDirectories(path));
  return StateDir(std::move(path));
}

std::string StateDir::lock_path() const {
  return JoinPath(path_, "lock.textproto");
}
std::string StateDir::locks_path() const { return JoinPath(path_, "locks"); }
std::string StateDir::bazelrc_path() const {
  return JoinPath(path_, "bazelrc");
}
std::string StateDir::keyrings_path() const {
  return JoinPath(path_, "keyrings");
}
std::string StateDir::apt_path() const { return JoinPath(path_, "apt"); }
std::string StateDir::database_path() const {
  return JoinPath(path_, "release.db");
}
std::string StateDir::job_lock_path() const {
  return JoinPath(path_, "job.lock");
}
std::string StateDir::oci_path() const { return JoinPath(path_, "oci"); }
std::string StateDir::log_path(absl::string_view cell_id) const {
  return JoinPath(JoinPath(path_, "logs"), cell_id);
}

}  // namespace gantry
