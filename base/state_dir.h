#ifndef GANTRY_BASE_STATE_DIR_H_
#define GANTRY_BASE_STATE_DIR_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry {

// The directory where discovery, the main job and the release service keep
// their state, with the paths of everything in it.
class StateDir {
 public:
  // Creates the directory if it is missing.  If `path` is empty, it is
  // ".gantry" in the Bazel workspace ($BUILD_WORKSPACE_DIRECTORY, or else the
  // working directory).
  static absl::StatusOr<StateDir> Open(std::string path);

  const std::string& path() const { return path_; }

  // The lock: a symbolic link to a file in locks_path() that is named after its
  // content, so that Bazel notices a new lock by its resolved path.
  std::string lock_path() const;
  std::string locks_path() const;

  // The parts of the lock that Bazel reads for one job's cells.
  std::string batch_locks_path() const;

  // Bazel options with which a plain `bazel build @cells//...` uses the lock.
  std::string bazelrc_path() const;

  // The versions of the heads that a release service's channels had when the
  // lock was made or last planned.  An empty name is the embedded service's.
  std::string heads_path(absl::string_view service) const;

  // Signing keys of releases, in the binary form that gpgv reads.
  std::string keyrings_path() const;

  // Discovery's private apt directory.
  std::string apt_path() const;

  // The embedded service's database.
  std::string database_path() const;

  // Identifies this directory to the release service.
  std::string worker_id_path() const;

  // Locked by the job that uses this directory.
  std::string job_lock_path() const;

  // The OCI image layout that payloads are published to by default.
  std::string oci_path() const;

  // Logs of one cell's last failed attempt.
  std::string log_path(absl::string_view cell_id) const;

 private:
  explicit StateDir(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace gantry

#endif  // GANTRY_BASE_STATE_DIR_H_
