#include "release/plan/recipes.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/cell_name.h"
#include "base/message_digest.h"
#include "base/stage_epochs.h"
#include "base/status_macros.h"
#include "proto/coordinates.pb.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::LockedDriver;
using ::gantry::matrix::v1::LockedPatch;
using ::gantry::matrix::v1::LockedRelease;
using ::gantry::matrix::v1::LockedToolkit;
using ::gantry::matrix::v1::RemoteFile;
using ::gantry::release::v1::Recipe;

// Keeps of a file what shapes the content of a payload: its bytes, and its
// name.
void KeepIdentity(RemoteFile& file) {
  RemoteFile identity;
  const absl::string_view url = file.url();
  identity.set_url(std::string(url.substr(url.rfind('/') + 1)));
  identity.set_digest(file.digest());
  file = identity;
}

std::string FragmentDigest(LockedRelease release) {
  release.clear_channels();
  release.clear_family();
  release.clear_version();
  release.clear_keyring();
  release.clear_signing_key_fingerprints();
  for (RemoteFile& file : *release.mutable_packages()) KeepIdentity(file);
  if (release.has_developer_container()) {
    KeepIdentity(*release.mutable_developer_container());
  }
  if (release.has_kernel_image()) {
    KeepIdentity(*release.mutable_kernel_image());
  }
  return MessageDigest(release);
}

std::string FragmentDigest(LockedDriver driver) {
  KeepIdentity(*driver.mutable_source());
  for (RemoteFile& file : *driver.mutable_userland_files()) KeepIdentity(file);
  for (LockedPatch& patch : *driver.mutable_patches()) {
    patch.clear_reason();
    patch.clear_name();
  }
  return MessageDigest(driver);
}

std::string FragmentDigest(LockedToolkit toolkit) {
  for (RemoteFile& file : *toolkit.mutable_components()) KeepIdentity(file);
  return MessageDigest(toolkit);
}

absl::Status AddFragment(const std::string& kind, const std::string& name,
                         const std::map<std::string, std::string>& digests,
                         Recipe& recipe) {
  const auto found = digests.find(name);
  if (found == digests.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the lock has no ", kind, " \"", name, "\""));
  }
  auto& fragment = *recipe.add_fragments();
  fragment.set_kind(kind);
  fragment.set_name(name);
  fragment.set_digest(found->second);
  return absl::OkStatus();
}

}  // namespace

Recipes::Recipes(const matrix::v1::Lock& lock) {
  for (const LockedRelease& release : lock.releases()) {
    releases_[release.name()] = FragmentDigest(release);
  }
  for (const LockedDriver& driver : lock.drivers()) {
    cell::v1::CellCoordinates coordinates;
    coordinates.set_version(driver.version());
    coordinates.set_flavour(driver.flavour());
    drivers_[DriverName(coordinates)] = FragmentDigest(driver);
  }
  for (const LockedToolkit& toolkit : lock.cuda_toolkits()) {
    toolkits_[toolkit.version()] = FragmentDigest(toolkit);
  }
}

absl::StatusOr<Recipe> Recipes::RecipeOf(
    const matrix::v1::LockedCell& cell) const {
  const auto& coordinates = cell.coordinates();
  Recipe recipe;
  GANTRY_RETURN_IF_ERROR(
      AddFragment("driver", DriverName(coordinates), drivers_, recipe));
  GANTRY_RETURN_IF_ERROR(
      AddFragment("os_release", coordinates.os_release(), releases_, recipe));
  if (!coordinates.cuda_version().empty()) {
    GANTRY_RETURN_IF_ERROR(
        AddFragment("toolkit", coordinates.cuda_version(), toolkits_, recipe));
  }
  for (const StageEpoch& stage : kStageEpochs) {
    auto& epoch = *recipe.add_epochs();
    epoch.set_stage(stage.stage);
    epoch.set_epoch(stage.epoch);
  }
  recipe.set_digest(RecipeDigest(recipe));
  return recipe;
}

}  // namespace gantry::plan
