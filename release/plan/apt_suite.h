#ifndef GANTRY_RELEASE_PLAN_APT_SUITE_H_
#define GANTRY_RELEASE_PLAN_APT_SUITE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/lock.pb.h"
#include "release/plan/apt_archive.h"
#include "release/plan/package_index.h"

namespace gantry::plan {

// Where this machine's apt gets Debian from.  Fetches the Release files of all
// its sources into `folder`, which is created; the machine's own lists stay as
// they are.  UNAVAILABLE, in apt's words: they cannot be fetched.
absl::StatusOr<DebianArchives> FindMachineArchives(const std::string& folder);

// One Debian suite, in an apt folder of its own.  From the machine's apt come
// its settings (proxies, credentials, time limits); sources, pins, lists,
// caches and dpkg's status are the folder's own.
class AptSuite {
 public:
  // Fetches the suite's indexes, which apt checks against Debian's keyring.
  // UNAVAILABLE, in apt's words: not all can be fetched or trusted.
  static absl::StatusOr<AptSuite> Open(const std::string& folder,
                                       const DebianArchives& archives,
                                       const std::string& suite);

  // The suite's name.
  const std::string& name() const { return name_; }

  // As VERSION_ID in the suite's os-release file.  Example: "12".  Empty for a
  // suite that has no version.
  const std::string& version_id() const { return version_id_; }

  const PackageIndex& packages() const { return packages_; }

  // The given packages and all that they need on a system whose dpkg status is
  // `status`, by name.  FAILED_PRECONDITION, in apt's words: there is no such
  // set.
  absl::StatusOr<std::vector<matrix::v1::RemoteFile>> Closure(
      const std::vector<std::string>& packages,
      const std::string& status) const;

 private:
  AptSuite(std::string folder, std::string name)
      : folder_(std::move(folder)), name_(std::move(name)) {}
  absl::Status LoadIndexes();

  std::string folder_;
  std::string name_;
  std::string version_id_;
  PackageIndex packages_;
};

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_APT_SUITE_H_
