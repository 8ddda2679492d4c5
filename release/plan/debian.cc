#include "release/plan/debian.h"

#include <algorithm>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "base/version_order.h"
#include "re2/re2.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Channel;
using ::gantry::matrix::v1::CudaToolkit;
using ::gantry::matrix::v1::DebianDriver;
using ::gantry::matrix::v1::Driver;
using ::gantry::matrix::v1::LockedDriver;
using ::gantry::matrix::v1::LockedToolkit;

constexpr char kHeaders[] = "linux-headers-";
constexpr char kImage[] = "linux-image-";
// Debian's source package of CUDA; its version is the toolkit's.
constexpr char kToolkitSource[] = "nvidia-cuda-toolkit";

bool HasKernel(const PackageIndex& packages, absl::string_view release) {
  return !packages.Versions(absl::StrCat(kHeaders, release)).empty() &&
         !packages.Versions(absl::StrCat(kImage, release)).empty();
}

// Kernel releases of the channel's series and flavour, from new to old.
std::vector<std::string> FindKernels(const Channel& channel,
                                     const PackageIndex& packages) {
  // Matches "6.1.0-56" and "6.12.117+deb12", but neither "6.12" of the
  // metapackage nor "6.1.0-56-cloud", which has another flavour.
  const RE2 pattern(
      absl::StrCat(RE2::QuoteMeta(channel.kernel_series()),
                   R"(\.[0-9]+(-[0-9][0-9a-z.]*)?(\+[0-9a-z.]+)?-)",
                   RE2::QuoteMeta(channel.kernel_flavour())));
  std::set<std::string> found;
  for (const DebianPackage* package : packages.WithPrefix(
           absl::StrCat(kHeaders, channel.kernel_series(), "."))) {
    const std::string release(absl::StripPrefix(package->name, kHeaders));
    if (RE2::FullMatch(release, pattern) && HasKernel(packages, release)) {
      found.insert(release);
    }
  }
  std::vector<std::string> releases(found.begin(), found.end());
  std::sort(releases.begin(), releases.end(),
            [](const std::string& a, const std::string& b) {
              return CompareVersions(a, b) > 0;
            });
  return releases;
}

// The newest version of the package with this upstream version, or nullptr.
const DebianPackage* FindUpstream(const PackageIndex& packages,
                                  const std::string& name,
                                  absl::string_view upstream) {
  for (const DebianPackage* package : packages.Versions(name)) {
    if (UpstreamVersion(package->version) == upstream) return package;
  }
  return nullptr;
}

// The error if none of a package's versions, which may be empty, is suitable.
absl::Status NoSuitableVersion(
    const std::string& wanted_by, absl::string_view name,
    const std::vector<const DebianPackage*>& versions) {
  if (versions.empty()) {
    return absl::NotFoundError(absl::StrCat(wanted_by, ": no package ", name));
  }
  return absl::NotFoundError(absl::StrCat(
      wanted_by, ": no suitable version of package ", name, "; available: ",
      absl::StrJoin(versions, ", ",
                    [](std::string* out, const DebianPackage* package) {
                      out->append(package->version);
                    })));
}

bool BelongsTo(const DebianPackage& package, const CudaToolkit& toolkit) {
  return package.source == kToolkitSource &&
         HasVersionPrefix(UpstreamVersion(package.source_version),
                          toolkit.version());
}

// The packages that match one entry of the toolkit's list, ordered by name.
std::vector<const DebianPackage*> ExpandEntry(const CudaToolkit& toolkit,
                                              absl::string_view entry,
                                              const PackageIndex& packages) {
  const bool is_prefix = absl::ConsumeSuffix(&entry, "*");
  std::vector<const DebianPackage*> chosen;
  for (const DebianPackage* package :
       is_prefix ? packages.WithPrefix(entry) : packages.Versions(entry)) {
    // Versions are ordered from new to old.
    const bool is_older =
        !chosen.empty() && chosen.back()->name == package->name;
    if (!is_older && BelongsTo(*package, toolkit)) chosen.push_back(package);
  }
  return chosen;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ResolveKernels(
    const Channel& channel, const PackageIndex& packages) {
  if (channel.versions().empty()) {
    std::vector<std::string> releases = FindKernels(channel, packages);
    if (releases.empty()) {
      return absl::NotFoundError(
          absl::StrCat("no kernel ", channel.kernel_series(), ".* of flavour ",
                       channel.kernel_flavour()));
    }
    const size_t wanted = std::max(channel.newest(), 1);
    if (releases.size() > wanted) releases.resize(wanted);
    return releases;
  }
  std::vector<std::string> releases;
  for (const std::string& version : channel.versions()) {
    if (!HasKernel(packages, version)) {
      return absl::NotFoundError(
          absl::StrCat("no kernel ", version,
                       ", because Debian's archive keeps only the newest few"));
    }
    releases.push_back(version);
  }
  return releases;
}

absl::StatusOr<LockedDriver> ResolveDebianDriver(const Driver& driver,
                                                 const PackageIndex& packages) {
  const DebianDriver& debian = driver.debian();
  const auto sources = packages.Versions(debian.source_package());
  const auto source = std::find_if(
      sources.begin(), sources.end(), [&](const DebianPackage* package) {
        return HasVersionPrefix(UpstreamVersion(package->version),
                                driver.version());
      });
  if (source == sources.end()) {
    return NoSuitableVersion(absl::StrCat("driver ", driver.version()),
                             debian.source_package(), sources);
  }
  const absl::string_view upstream = UpstreamVersion((*source)->version);
  LockedDriver locked;
  locked.set_version(std::string(upstream));
  locked.set_flavour(driver.flavour());
  *locked.mutable_source() = ToRemoteFile(**source);
  for (const std::string& name : debian.packages()) {
    const DebianPackage* const package = FindUpstream(packages, name, upstream);
    if (package == nullptr) {
      return NoSuitableVersion(absl::StrCat("driver ", upstream), name,
                               packages.Versions(name));
    }
    *locked.add_userland_files() = ToRemoteFile(*package);
  }
  return locked;
}

absl::StatusOr<LockedToolkit> ResolveDebianToolkit(
    const CudaToolkit& toolkit, const PackageIndex& packages) {
  LockedToolkit locked;
  locked.set_version(toolkit.version());
  locked.set_with_static_archives(toolkit.with_static_archives());
  std::set<std::string> seen;
  for (const std::string& entry : toolkit.debian().packages()) {
    const auto chosen = ExpandEntry(toolkit, entry, packages);
    if (chosen.empty()) {
      return NoSuitableVersion(absl::StrCat("CUDA ", toolkit.version()), entry,
                               packages.Versions(entry));
    }
    for (const DebianPackage* package : chosen) {
      if (seen.insert(package->name).second) {
        *locked.add_components() = ToRemoteFile(*package);
      }
    }
  }
  return locked;
}

}  // namespace gantry::plan
