#include "release/plan/discover.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/file.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/textproto.h"
#include "proto/matrix.pb.h"
#include "release/plan/apt_suite.h"
#include "release/plan/apt_suites.h"
#include "release/plan/cells.h"
#include "release/plan/container_linux.h"
#include "release/plan/debian.h"
#include "release/plan/debian_releases.h"
#include "release/plan/lock_format.h"
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
using ::gantry::matrix::v1::Family;
using ::gantry::matrix::v1::Lock;
using ::gantry::matrix::v1::LockedDriver;
using ::gantry::matrix::v1::LockedPatch;
using ::gantry::matrix::v1::LockedRelease;
using ::gantry::matrix::v1::LockedToolkit;
using ::gantry::matrix::v1::Matrix;
using ::gantry::matrix::v1::OperatingSystem;
using ::gantry::matrix::v1::Patch;

// A channel's name is unique only within its family.
using ChannelKey = std::pair<Family, std::string>;

ChannelKey KeyOf(const OperatingSystem& os, const Channel& channel) {
  return {os.family(), channel.name()};
}

std::set<ChannelKey> FailedChannels(const Lock& lock) {
  std::set<ChannelKey> channels;
  for (const auto& channel : lock.failed_channels()) {
    channels.emplace(channel.family(), channel.name());
  }
  return channels;
}

// What to do about a channel that cannot be resolved.
absl::string_view Remedy(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return "run discovery again when the server can be reached";
    case absl::StatusCode::kDataLoss:
      return "the server's files cannot be trusted, unless the keyring is out "
             "of date: update it, or report the files to their publisher";
    default:
      return "check the channel, its versions and its URLs in the matrix";
  }
}

// One run of Discover() or RetryFailedChannels().
class Discovery {
 public:
  Discovery(const DiscoverOptions& options, const StateDir& state)
      : options_(options),
        state_(state),
        suites_(state.apt_path(), options.progress) {}

  absl::StatusOr<Lock> Run();
  absl::StatusOr<Lock> Retry(const Lock& incomplete);

 private:
  absl::Status ReadMatrix();
  // Reads the lock in the state directory, if it is of this matrix.
  void ReadOlderLock();
  // Chooses the channels to resolve.
  void ChooseRequestedChannels();
  void ChooseFailedChannels();
  void Report(absl::string_view step) const;

  // Resolves the chosen channels, and keeps the others.
  absl::Status AddReleases();
  absl::Status AddChannel(const OperatingSystem& os, const Channel& channel,
                          const std::string& keyring, ReleaseSet& releases);
  void RecordFailure(const ChannelKey& channel, const absl::Status& failure);
  // Keeps a channel as it is in the older lock.
  void KeepChannel(const ChannelKey& channel, ReleaseSet& releases);
  absl::StatusOr<std::vector<LockedRelease>> ResolveChannel(
      const OperatingSystem& os, const Channel& channel,
      const std::string& keyring);
  absl::StatusOr<LockedDriver> LockDriver(const Driver& driver);
  absl::StatusOr<LockedPatch> LockPatch(const Patch& patch) const;
  absl::StatusOr<LockedToolkit> LockToolkit(const CudaToolkit& toolkit);

  const DiscoverOptions& options_;
  const StateDir& state_;
  Matrix matrix_;
  Lock lock_;
  // Without content if there is no older lock of this matrix.
  Lock older_lock_;
  std::set<ChannelKey> chosen_;
  std::set<ChannelKey> failed_;
  absl::Status first_failure_;
  AptSuites suites_;
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
  absl::StatusOr<Lock> lock = ReadLock(state_.lock_path());
  if (lock.ok() && lock->matrix_digest() == lock_.matrix_digest()) {
    older_lock_ = *std::move(lock);
  }
}

void Discovery::ChooseRequestedChannels() {
  const std::vector<std::string>& requested = options_.channels;
  const bool choose_all =
      requested.empty() || older_lock_.matrix_digest().empty();
  for (const OperatingSystem& os : matrix_.operating_systems()) {
    for (const Channel& channel : os.channels()) {
      if (choose_all || std::find(requested.begin(), requested.end(),
                                  channel.name()) != requested.end()) {
        chosen_.insert(KeyOf(os, channel));
      }
    }
  }
}

void Discovery::ChooseFailedChannels() {
  chosen_ = FailedChannels(older_lock_);
}

void Discovery::Report(absl::string_view step) const {
  if (options_.progress) options_.progress(step);
}

absl::StatusOr<std::vector<LockedRelease>> Discovery::ResolveChannel(
    const OperatingSystem& os, const Channel& channel,
    const std::string& keyring) {
  Report(absl::StrCat("channel ", channel.name(), ": releases"));
  if (os.family() == matrix::v1::FAMILY_DEBIAN) {
    GANTRY_ASSIGN_OR_RETURN(const AptSuite* suite,
                            suites_.Get(os.debian_suite()));
    return ResolveDebianReleases(channel, *suite);
  }
  return ResolveContainerLinuxReleases(os, channel, keyring, options_.http);
}

absl::Status Discovery::AddChannel(const OperatingSystem& os,
                                   const Channel& channel,
                                   const std::string& keyring,
                                   ReleaseSet& releases) {
  GANTRY_ASSIGN_OR_RETURN(const std::vector<LockedRelease> found,
                          ResolveChannel(os, channel, keyring));
  return releases.AddChannel(channel.name(), found);
}

void Discovery::KeepChannel(const ChannelKey& channel, ReleaseSet& releases) {
  const auto& [family, name] = channel;
  releases.KeepChannel(family, name, older_lock_);
  if (failed_.count(channel) != 0 ||
      FailedChannels(older_lock_).count(channel) != 0) {
    auto& failed = *lock_.add_failed_channels();
    failed.set_family(family);
    failed.set_name(name);
  }
}

void Discovery::RecordFailure(const ChannelKey& channel,
                              const absl::Status& failure) {
  const auto& [family, name] = channel;
  failed_.insert(channel);
  if (first_failure_.ok()) first_failure_ = failure;
  if (!options_.channel_error) return;
  options_.channel_error(
      absl::StrCat("channel ", name, " of ", matrix::v1::Family_Name(family),
                   ": ", absl::StrReplaceAll(failure.message(), {{"\n", " "}}),
                   "; ", Remedy(failure.code())));
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
      const ChannelKey key = KeyOf(os, channel);
      if (chosen_.count(key) == 0) continue;
      const absl::Status added = AddChannel(os, channel, keyring, releases);
      if (!added.ok()) RecordFailure(key, added);
    }
  }
  // Last, so that a release in several channels has its newest files.
  for (const OperatingSystem& os : matrix_.operating_systems()) {
    for (const Channel& channel : os.channels()) {
      const ChannelKey key = KeyOf(os, channel);
      if (chosen_.count(key) != 0 && failed_.count(key) == 0) continue;
      KeepChannel(key, releases);
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
                            suites_.Get(driver.debian().suite()));
    absl::StatusOr<LockedDriver> found =
        ResolveDebianDriver(driver, suite->packages());
    if (!found.ok()) {
      return Annotate(found.status(), absl::StrCat("Debian ", suite->name()));
    }
    locked = *std::move(found);
  } else if (driver.has_redist()) {
    Report(absl::StrCat("driver ", driver.version(), ": manifest"));
    GANTRY_ASSIGN_OR_RETURN(locked, ResolveRedistDriver(driver, options_.http));
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
    return ResolveRedistToolkit(toolkit, options_.http);
  }
  GANTRY_ASSIGN_OR_RETURN(const AptSuite* suite,
                          suites_.Get(toolkit.debian().suite()));
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
  ChooseRequestedChannels();
  GANTRY_RETURN_IF_ERROR(AddReleases());
  if (failed_ == chosen_) {
    return absl::Status(first_failure_.code(),
                        chosen_.size() == 1
                            ? "the channel cannot be resolved"
                            : absl::StrCat("none of the ", chosen_.size(),
                                           " channels can be resolved"));
  }
  for (const Driver& driver : matrix_.drivers()) {
    GANTRY_ASSIGN_OR_RETURN(*lock_.add_drivers(), LockDriver(driver));
  }
  for (const CudaToolkit& toolkit : matrix_.cuda_toolkits()) {
    GANTRY_ASSIGN_OR_RETURN(*lock_.add_cuda_toolkits(), LockToolkit(toolkit));
  }
  GANTRY_RETURN_IF_ERROR(AddCells(matrix_, lock_));
  return std::move(lock_);
}

absl::StatusOr<Lock> Discovery::Retry(const Lock& incomplete) {
  GANTRY_RETURN_IF_ERROR(ReadMatrix());
  if (incomplete.matrix_digest() != lock_.matrix_digest()) {
    return absl::FailedPreconditionError(absl::StrCat(
        options_.matrix_path, ": has changed since the lock was made"));
  }
  older_lock_ = incomplete;
  ChooseFailedChannels();
  GANTRY_RETURN_IF_ERROR(AddReleases());
  *lock_.mutable_drivers() = incomplete.drivers();
  *lock_.mutable_cuda_toolkits() = incomplete.cuda_toolkits();
  GANTRY_RETURN_IF_ERROR(AddCells(matrix_, lock_));
  return std::move(lock_);
}

}  // namespace

absl::StatusOr<Lock> Discover(const DiscoverOptions& options,
                              const StateDir& state) {
  return Discovery(options, state).Run();
}

absl::StatusOr<Lock> RetryFailedChannels(const DiscoverOptions& options,
                                         const Lock& lock,
                                         const StateDir& state) {
  return Discovery(options, state).Retry(lock);
}

}  // namespace gantry::plan
