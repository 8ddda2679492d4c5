#include "release/plan/recipes.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/cell_name.h"
#include "base/message_digest.h"
#include "base/stage_epochs.h"
#include "base/status_macros.h"
#include "release/plan/fragments.h"

namespace gantry::plan {
namespace {

using ::gantry::matrix::v1::LockedDriver;
using ::gantry::matrix::v1::LockedRelease;
using ::gantry::matrix::v1::LockedToolkit;
using ::gantry::release::v1::Recipe;

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
    releases_[release.name()] = FragmentOf(release).reference().digest();
  }
  for (const LockedDriver& driver : lock.drivers()) {
    const auto reference = FragmentOf(driver).reference();
    drivers_[reference.name()] = reference.digest();
  }
  for (const LockedToolkit& toolkit : lock.cuda_toolkits()) {
    toolkits_[toolkit.version()] = FragmentOf(toolkit).reference().digest();
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
