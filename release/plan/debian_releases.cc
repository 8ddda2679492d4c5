#include "release/plan/debian_releases.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/cell_name.h"
#include "base/status_macros.h"
#include "release/plan/container_packages.h"
#include "release/plan/debian.h"

namespace gantry::plan {

using ::gantry::matrix::v1::Channel;
using ::gantry::matrix::v1::LockedRelease;

absl::StatusOr<std::vector<LockedRelease>> ResolveDebianReleases(
    const Channel& channel, const AptSuite& suite) {
  if (suite.version_id().empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("Debian ", suite.name(),
                     " has no version, which names its releases; choose a "
                     "suite that has one"));
  }
  GANTRY_ASSIGN_OR_RETURN(const std::vector<std::string> kernels,
                          ResolveKernels(channel, suite.packages()));
  std::vector<LockedRelease> releases;
  for (const std::string& kernel : kernels) {
    LockedRelease& release = releases.emplace_back();
    release.set_name(OsReleaseName("debian", suite.version_id(), kernel));
    release.set_family(matrix::v1::FAMILY_DEBIAN);
    release.set_version(kernel);
    release.set_expected_kernel_release(kernel);
    std::vector<std::string> packages = absl::StrSplit(
        kContainerPackages, absl::ByAnyChar("\n "), absl::SkipEmpty());
    packages.push_back("linux-headers-" + kernel);
    packages.push_back("linux-image-" + kernel);
    GANTRY_ASSIGN_OR_RETURN(const auto files, suite.ResolveDependencies(
                                                  packages, kContainerStatus));
    *release.mutable_packages() = {files.begin(), files.end()};
  }
  return releases;
}

}  // namespace gantry::plan
