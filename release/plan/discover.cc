#include "release/plan/discover.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/types/optional.h"
#include "base/cell_name.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/textproto.h"
#include "proto/matrix.pb.h"
#include "release/plan/apt_archive.h"
#include "release/plan/apt_suite.h"
#include "release/plan/cells.h"
#include "release/plan/container_linux.h"
#include "release/plan/container_packages.h"
#include "release/plan/debian.h"
#include "release/plan/matrix_digest.h"
#include "release/plan/openpgp.h"
#include "release/plan/redist.h"
#include "release/plan/release_set.h"
#include "release/plan/validate.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Channel;
using ::gantry::matrix::v1::CudaToolkit;
using ::gantry::matrix::v1::Driver;
using ::gantry::matrix::v1::Lock;
using ::gantry::matrix::v1::LockedDriver;
using ::gantry::matrix::v1::LockedPatch;
using ::gantry::matrix::v1::LockedRelease;
using ::gantry::matrix::v1::LockedToolkit;
using ::gantry::matrix::v1::Matrix;
using ::gantry::matrix::v1::OperatingSystem;
using ::gantry::matrix::v1::Patch;

// One run of Discover().
class Discovery {
 public:
  Discovery(const DiscoverOptions& options, const StateDir& state)
      : options_(options), state_(state) {}

  absl::StatusOr<Lock> Run();

 private:
  absl::Status ReadMatrix();
  // Reads the lock that has the channels that are not requested.
  void ReadOlderLock();
  bool IsToBeResolved(absl::string_view channel) const;
  void Report(absl::string_view step) const;
  // Opens the suite on first use.
  absl::StatusOr<const AptSuite*> GetSuite(const std::string& name);

  absl::Status AddReleases();
  absl::StatusOr<std::vector<LockedRelease>> ResolveChannel(
      const OperatingSystem& os, const Channel& channel,
      const std::string& keyring);
  absl::StatusOr<std::vector<LockedRelease>> ResolveDebianChannel(
      const OperatingSystem& os, const Channel& channel);
  absl::StatusOr<LockedDriver> LockDriver(const Driver& driver);
  absl::StatusOr<LockedPatch> LockPatch(const Patch& patch) const;
  absl::StatusOr<LockedToolkit> LockToolkit(const CudaToolkit& toolkit);

  const DiscoverOptions& options_;
  const StateDir& state_;
  Matrix matrix_;
  Lock lock_;
  // Of the same matrix; unset if all channels are to be resolved.
  absl::optional<Lock> older_lock_;
  absl::optional<DebianArchives> archives_;
  std::map<std::string, AptSuite> suites_;
};

absl::Status Discovery::ReadMatrix() {
  GANTRY_ASSIGN_OR_RETURN(const std::string text,
                          ReadFile(options_.matrix_path));
  GANTRY_RETURN_IF_ERROR(ParseTextProto(text, options_.matrix_path, matrix_));
  GANTRY_RETURN_IF_ERROR(
      Annotate(ValidateMatrix(matrix_), options_.matrix_path));
  GANTRY_ASSIGN_OR_RETURN(*lock_.mutable_matrix_digest(),
                          MatrixDigest(options_.matrix_path));

  std::set<std::string> names;
  for (const OperatingSystem& os : matrix_.operating_systems()) {
    for (const Channel& channel : os.channels()) names.insert(channel.name());
  }
  for (const std::string& name : options_.channels) {
    if (names.count(name) == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(options_.matrix_path, ": unknown channel \"", name,
                       "\"; expected one of ", absl::StrJoin(names, ", ")));
    }
  }
  return absl::OkStatus();
}

void Discovery::ReadOlderLock() {
  if (options_.channels.empty()) return;
  Lock lock;
  if (ReadTextProto(state_.lock_path(), lock).ok() &&
      lock.matrix_digest() == lock_.matrix_digest()) {
    older_lock_ = std::move(lock);
  }
}

bool Discovery::IsToBeResolved(absl::string_view channel) const {
  const std::vector<std::string>& requested = options_.channels;
  return !older_lock_.has_value() ||
         std::find(requested.begin(), requested.end(), channel) !=
             requested.end();
}

void Discovery::Report(absl::string_view step) const {
  if (options_.progress) options_.progress(step);
}

absl::StatusOr<const AptSuite*> Discovery::GetSuite(const std::string& name) {
  const auto known = suites_.find(name);
  if (known != suites_.end()) return &known->second;
  Report(absl::StrCat("Debian ", name, ": package lists"));
  if (!archives_.has_value()) {
    GANTRY_ASSIGN_OR_RETURN(
        archives_, FindMachineArchives(JoinPath(state_.apt_path(), "machine")));
  }
  GANTRY_ASSIGN_OR_RETURN(
      AptSuite suite,
      AptSuite::Open(JoinPath(state_.apt_path(), name), *archives_, name));
  return &suites_.emplace(name, std::move(suite)).first->second;
}

absl::StatusOr<std::vector<LockedRelease>> Discovery::ResolveDebianChannel(
    const OperatingSystem& os, const Channel& channel) {
  GANTRY_ASSIGN_OR_RETURN(const AptSuite* suite, GetSuite(os.debian_suite()));
  if (suite->version_id().empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("Debian ", os.debian_suite(),
                     " has no version, which names its releases; choose a "
                     "suite that has one"));
  }
  GANTRY_ASSIGN_OR_RETURN(const std::vector<std::string> kernels,
                          ResolveKernels(channel, suite->packages()));
  std::vector<LockedRelease> releases;
  for (const std::string& kernel : kernels) {
    Report(absl::StrCat("channel ", channel.name(), ": ", kernel));
    LockedRelease& release = releases.emplace_back();
    release.set_name(OsReleaseName("debian", suite->version_id(), kernel));
    release.set_family(os.family());
    release.set_version(kernel);
    release.set_expected_kernel_release(kernel);
    std::vector<std::string> packages = absl::StrSplit(
        kContainerPackages, absl::ByAnyChar("\n "), absl::SkipEmpty());
    packages.push_back("linux-headers-" + kernel);
    packages.push_back("linux-image-" + kernel);
    GANTRY_ASSIGN_OR_RETURN(const auto files, suite->ResolveDependencies(
                                                  packages, kContainerStatus));
    *release.mutable_packages() = {files.begin(), files.end()};
  }
  return releases;
}

absl::StatusOr<std::vector<LockedRelease>> Discovery::ResolveChannel(
    const OperatingSystem& os, const Channel& channel,
    const std::string& keyring) {
  if (os.family() == matrix::v1::FAMILY_DEBIAN) {
    return ResolveDebianChannel(os, channel);
  }
  Report(absl::StrCat("channel ", channel.name(), ": releases"));
  absl::StatusOr<std::vector<LockedRelease>> releases =
      ResolveContainerLinuxReleases(os, channel, keyring);
  if (!releases.ok()) {
    return Annotate(releases.status(),
                    absl::StrCat("channel \"", channel.name(), "\""));
  }
  return releases;
}

absl::Status Discovery::AddReleases() {
  ReleaseSet releases;
  for (const OperatingSystem& os : matrix_.operating_systems()) {
    std::string keyring;
    if (os.family() != matrix::v1::FAMILY_DEBIAN) {
      GANTRY_ASSIGN_OR_RETURN(
          keyring,
          StoreKeyring(ResolveMatrixPath(options_.matrix_path, os.keyring()),
                       state_.keyrings_path()));
    }
    for (const Channel& channel : os.channels()) {
      if (!IsToBeResolved(channel.name())) continue;
      GANTRY_ASSIGN_OR_RETURN(const std::vector<LockedRelease> found,
                              ResolveChannel(os, channel, keyring));
      GANTRY_RETURN_IF_ERROR(releases.AddChannel(channel.name(), found));
    }
  }
  // Last, so that a release in several channels has its newest files.
  for (const OperatingSystem& os : matrix_.operating_systems()) {
    for (const Channel& channel : os.channels()) {
      if (IsToBeResolved(channel.name())) continue;
      releases.KeepChannel(os.family(), channel.name(), *older_lock_);
    }
  }
  for (const LockedRelease& release : releases.Releases(matrix_)) {
    *lock_.add_releases() = release;
  }
  return absl::OkStatus();
}

absl::StatusOr<LockedPatch> Discovery::LockPatch(const Patch& patch) const {
  LockedPatch locked;
  GANTRY_ASSIGN_OR_RETURN(
      *locked.mutable_content(),
      ReadFile(ResolveMatrixPath(options_.matrix_path, patch.file())));
  locked.set_name(std::filesystem::path(patch.file()).filename());
  locked.set_when_header(patch.when_header());
  locked.set_matches(patch.matches());
  locked.set_reason(patch.reason());
  return locked;
}

absl::StatusOr<LockedDriver> Discovery::LockDriver(const Driver& driver) {
  LockedDriver locked;
  if (driver.has_debian()) {
    GANTRY_ASSIGN_OR_RETURN(const AptSuite* suite,
                            GetSuite(driver.debian().suite()));
    absl::StatusOr<LockedDriver> found =
        ResolveDebianDriver(driver, suite->packages());
    if (!found.ok()) {
      return Annotate(found.status(), absl::StrCat("Debian ", suite->name()));
    }
    locked = *std::move(found);
  } else if (driver.has_redist()) {
    Report(absl::StrCat("driver ", driver.version(), ": manifest"));
    GANTRY_ASSIGN_OR_RETURN(locked, ResolveRedistDriver(driver));
  } else {
    locked.set_version(driver.version());
    locked.mutable_source()->set_url(driver.archive().url());
    locked.mutable_source()->set_digest(driver.archive().digest());
    *locked.mutable_modules() = driver.archive().modules();
  }
  for (const Patch& patch : driver.patches()) {
    GANTRY_ASSIGN_OR_RETURN(*locked.add_patches(), LockPatch(patch));
  }
  return locked;
}

absl::StatusOr<LockedToolkit> Discovery::LockToolkit(
    const CudaToolkit& toolkit) {
  if (toolkit.has_redist()) {
    Report(absl::StrCat("CUDA ", toolkit.version(), ": manifest"));
    return ResolveRedistToolkit(toolkit);
  }
  GANTRY_ASSIGN_OR_RETURN(const AptSuite* suite,
                          GetSuite(toolkit.debian().suite()));
  absl::StatusOr<LockedToolkit> found =
      ResolveDebianToolkit(toolkit, suite->packages());
  if (!found.ok()) {
    return Annotate(found.status(), absl::StrCat("Debian ", suite->name()));
  }
  return found;
}

absl::StatusOr<Lock> Discovery::Run() {
  GANTRY_RETURN_IF_ERROR(ReadMatrix());
  ReadOlderLock();
  GANTRY_RETURN_IF_ERROR(AddReleases());
  for (const Driver& driver : matrix_.drivers()) {
    GANTRY_ASSIGN_OR_RETURN(*lock_.add_drivers(), LockDriver(driver));
  }
  for (const CudaToolkit& toolkit : matrix_.cuda_toolkits()) {
    GANTRY_ASSIGN_OR_RETURN(*lock_.add_cuda_toolkits(), LockToolkit(toolkit));
  }
  GANTRY_RETURN_IF_ERROR(AddCells(matrix_, lock_));
  return std::move(lock_);
}

}  // namespace

absl::StatusOr<Lock> Discover(const DiscoverOptions& options,
                              const StateDir& state) {
  return Discovery(options, state).Run();
}

}  // namespace gantry::plan
