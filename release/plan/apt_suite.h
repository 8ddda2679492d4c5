#ifndef GANTRY_RELEASE_PLAN_APT_SUITE_H_
#define GANTRY_RELEASE_PLAN_APT_SUITE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/lock.pb.h"
#include "release/plan/apt_archive.h"
#include "release/plan/package_index.h"

namespace gantry::plan {

// Finds the Debian archives that this machine's apt uses.  Fetches the Release
// files of all its sources into `directory`, which is created; the machine's
// own package lists do not change.  UNAVAILABLE, with apt's error: the files
// cannot be fetched.
absl::StatusOr<DebianArchives> FindMachineArchives(
    const std::string& directory);

// One Debian suite, in a private apt directory.  Settings such as proxies,
// credentials and timeouts are those of the machine's apt; sources, pins,
// lists, caches and dpkg's status are private.
class AptSuite {
 public:
  // Fetches the suite's indexes into `directory`; apt verifies them with
  // Debian's keyring.  UNAVAILABLE, with apt's error: an index cannot be
  // fetched or verified.
  static absl::StatusOr<AptSuite> Open(const std::string& directory,
                                       const DebianArchives& archives,
                                       const std::string& suite);

  // Name of the suite.  Example: "bookworm".
  const std::string& name() const { return name_; }

  // VERSION_ID in the suite's os-release file; empty if the suite has none.
  // Example: "12".
  const std::string& version_id() const { return version_id_; }

  const PackageIndex& packages() const { return packages_; }

  // The packages and their dependencies that are missing on a system with the
  // dpkg status file `status`, ordered by name.  FAILED_PRECONDITION, with
  // apt's error: the dependencies cannot be satisfied.
  absl::StatusOr<std::vector<matrix::v1::RemoteFile>> ResolveDependencies(
      const std::vector<std::string>& packages,
      const std::string& status) const;

 private:
  AptSuite(std::string directory, std::string name)
      : directory_(std::move(directory)), name_(std::move(name)) {}
  absl::Status LoadIndexes();

  std::string directory_;
  std::string name_;
  std::string version_id_;
  PackageIndex packages_;
};

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_APT_SUITE_H_
