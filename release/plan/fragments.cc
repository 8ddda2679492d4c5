#include "release/plan/fragments.h"

#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/cell_name.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/message_digest.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "proto/coordinates.pb.h"
#include "proto/recipe.pb.h"
#include "release/plan/openpgp.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::Lock;
using ::gantry::matrix::v1::LockedCell;
using ::gantry::matrix::v1::LockedDriver;
using ::gantry::matrix::v1::LockedPatch;
using ::gantry::matrix::v1::LockedRelease;
using ::gantry::matrix::v1::LockedToolkit;
using ::gantry::matrix::v1::RemoteFile;
using ::gantry::release::v1::Cell;
using ::gantry::release::v1::Fragment;
using ::gantry::release::v1::FragmentSources;

constexpr char kRelease[] = "os_release";
constexpr char kDriver[] = "driver";
constexpr char kToolkit[] = "toolkit";

// Keeps of a file what shapes the content of a payload: its bytes, and its
// name.
void KeepIdentity(RemoteFile& file) {
  RemoteFile identity;
  const absl::string_view url = file.url();
  identity.set_url(std::string(url.substr(url.rfind('/') + 1)));
  identity.set_digest(file.digest());
  file = identity;
}

Fragment MakeFragment(absl::string_view kind, const std::string& name,
                      const google::protobuf::MessageLite& identity) {
  Fragment fragment;
  fragment.set_content(SerializeDeterministically(identity));
  auto& reference = *fragment.mutable_reference();
  reference.set_kind(std::string(kind));
  reference.set_name(name);
  reference.set_digest(Sha256Digest(fragment.content()));
  return fragment;
}

// The fragment that sources are of.
absl::StatusOr<Fragment> FragmentOf(const FragmentSources& sources) {
  switch (sources.resource_case()) {
    case FragmentSources::kOsRelease:
      return plan::FragmentOf(sources.os_release());
    case FragmentSources::kDriver:
      return plan::FragmentOf(sources.driver());
    case FragmentSources::kToolkit:
      return plan::FragmentOf(sources.toolkit());
    case FragmentSources::RESOURCE_NOT_SET:
      break;
  }
  return absl::DataLossError("the release service has no sources");
}

// Adds what a fragment stands for.
absl::Status AddFragment(const Fragment& fragment, const StateDir& state,
                         Lock& lock) {
  const FragmentSources& sources = fragment.sources();
  GANTRY_ASSIGN_OR_RETURN(const Fragment expected, FragmentOf(sources));
  const auto& reference = fragment.reference();
  if (expected.reference().digest() != reference.digest()) {
    return absl::DataLossError(
        absl::StrCat("the release service has sources of another ",
                     reference.kind(), ", ", expected.reference().digest()));
  }
  if (sources.has_driver()) *lock.add_drivers() = sources.driver();
  if (sources.has_toolkit()) *lock.add_cuda_toolkits() = sources.toolkit();
  if (!sources.has_os_release()) return absl::OkStatus();
  LockedRelease& release = *lock.add_releases();
  release = sources.os_release();
  if (sources.keyring().empty()) return absl::OkStatus();
  GANTRY_ASSIGN_OR_RETURN(
      *release.mutable_keyring(),
      StoreKeyringContent(sources.keyring(), state.keyrings_path()));
  return absl::OkStatus();
}

}  // namespace

Fragment FragmentOf(const LockedRelease& release) {
  LockedRelease identity = release;
  identity.clear_channels();
  identity.clear_family();
  identity.clear_version();
  identity.clear_keyring();
  identity.clear_signing_key_fingerprints();
  for (RemoteFile& file : *identity.mutable_packages()) KeepIdentity(file);
  if (identity.has_developer_container()) {
    KeepIdentity(*identity.mutable_developer_container());
  }
  if (identity.has_kernel_image()) {
    KeepIdentity(*identity.mutable_kernel_image());
  }
  Fragment fragment = MakeFragment(kRelease, release.name(), identity);
  LockedRelease& sources = *fragment.mutable_sources()->mutable_os_release();
  sources = release;
  sources.clear_channels();
  sources.clear_keyring();
  return fragment;
}

Fragment FragmentOf(const LockedDriver& driver) {
  LockedDriver identity = driver;
  KeepIdentity(*identity.mutable_source());
  for (RemoteFile& file : *identity.mutable_userland_files()) {
    KeepIdentity(file);
  }
  for (LockedPatch& patch : *identity.mutable_patches()) {
    patch.clear_reason();
    patch.clear_name();
  }
  cell::v1::CellCoordinates coordinates;
  coordinates.set_version(driver.version());
  coordinates.set_flavour(driver.flavour());
  Fragment fragment = MakeFragment(kDriver, DriverName(coordinates), identity);
  *fragment.mutable_sources()->mutable_driver() = driver;
  return fragment;
}

Fragment FragmentOf(const LockedToolkit& toolkit) {
  LockedToolkit identity = toolkit;
  for (RemoteFile& file : *identity.mutable_components()) KeepIdentity(file);
  Fragment fragment = MakeFragment(kToolkit, toolkit.version(), identity);
  *fragment.mutable_sources()->mutable_toolkit() = toolkit;
  return fragment;
}

absl::StatusOr<std::vector<Fragment>> FragmentsOfLock(const Lock& lock) {
  std::vector<Fragment> fragments;
  // Releases share few keyrings.
  std::map<std::string, std::string> keyrings = {{"", ""}};
  for (const LockedRelease& release : lock.releases()) {
    const std::string& path = release.keyring();
    if (keyrings.count(path) == 0) {
      GANTRY_ASSIGN_OR_RETURN(keyrings[path], ReadFile(path));
    }
    fragments.push_back(FragmentOf(release));
    fragments.back().mutable_sources()->set_keyring(keyrings[path]);
  }
  for (const LockedDriver& driver : lock.drivers()) {
    fragments.push_back(FragmentOf(driver));
  }
  for (const LockedToolkit& toolkit : lock.cuda_toolkits()) {
    fragments.push_back(FragmentOf(toolkit));
  }
  return fragments;
}

std::vector<std::string> FragmentDigests(const std::vector<Cell>& cells) {
  std::set<std::string> digests;
  for (const Cell& cell : cells) {
    for (const auto& fragment : cell.wanted_recipe().fragments()) {
      digests.insert(fragment.digest());
    }
  }
  return {digests.begin(), digests.end()};
}

absl::StatusOr<Lock> LockFromFragments(const std::vector<Cell>& cells,
                                       const std::vector<Fragment>& fragments,
                                       const StateDir& state) {
  std::map<std::string, const Fragment*> by_digest;
  for (const Fragment& fragment : fragments) {
    by_digest[fragment.reference().digest()] = &fragment;
  }
  Lock lock;
  std::set<std::string> added;
  for (const Cell& cell : cells) {
    LockedCell& locked = *lock.add_cells();
    locked.set_id(cell.id());
    *locked.mutable_coordinates() = cell.coordinates();
    *locked.mutable_channels() = cell.channels();
    for (const auto& reference : cell.wanted_recipe().fragments()) {
      if (!added.insert(reference.digest()).second) continue;
      const std::string name =
          absl::StrCat(reference.kind(), " ", reference.name());
      const auto found = by_digest.find(reference.digest());
      if (found == by_digest.end()) {
        return absl::NotFoundError(
            absl::StrCat(name, ": the release service has no fragment ",
                         reference.digest()));
      }
      GANTRY_RETURN_IF_ERROR(
          Annotate(AddFragment(*found->second, state, lock), name));
    }
  }
  return lock;
}

}  // namespace gantry::plan
