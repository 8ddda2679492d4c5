#include "base/state_dir.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/user_path.h"

namespace gantry {
namespace {

// Of a service's digest in names of files.
constexpr size_t kServiceDigits = 16;

}  // namespace

absl::StatusOr<StateDir> StateDir::Open(std::string path) {
  path = path.empty() ? WorkspacePath(".gantry") : UserPath(path);
  path = std::filesystem::absolute(path).lexically_normal();
  GANTRY_RETURN_IF_ERROR(CreateDirectories(path));
  return StateDir(std::move(path));
}

std::string StateDir::lock_path() const { return JoinPath(path_, "lock.json"); }
std::string StateDir::locks_path() const { return JoinPath(path_, "locks"); }
std::string StateDir::batch_locks_path() const {
  return JoinPath(path_, "batches");
}
std::string StateDir::bazelrc_path() const {
  return JoinPath(path_, "bazelrc");
}
std::string StateDir::heads_path(absl::string_view service) const {
  return JoinPath(
      path_,
      absl::StrCat("heads-",
                   DigestHex(Sha256Digest(service)).substr(0, kServiceDigits),
                   ".textproto"));
}
std::string StateDir::keyrings_path() const {
  return JoinPath(path_, "keyrings");
}
std::string StateDir::apt_path() const { return JoinPath(path_, "apt"); }
std::string StateDir::database_path() const {
  return JoinPath(path_, "release.db");
}
std::string StateDir::worker_id_path() const {
  return JoinPath(path_, "worker-id");
}
std::string StateDir::job_lock_path() const {
  return JoinPath(path_, "job.lock");
}
std::string StateDir::oci_path() const { return JoinPath(path_, "oci"); }
std::string StateDir::log_path(absl::string_view cell_id) const {
  return JoinPath(JoinPath(path_, "logs"), cell_id);
}

}  // namespace gantry
