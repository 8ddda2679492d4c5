#include "release/job/rebuild.h"

#include <algorithm>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/optional.h"
#include "base/stage_epochs.h"
#include "base/status_macros.h"
#include "release/job/build_events.h"
#include "release/job/cell_outputs.h"
#include "release/job/failure_report.h"

namespace gantry::job {
namespace {

using ::gantry::release::v1::Cell;
using ::gantry::release::v1::RebuildReport;
using ::gantry::release::v1::Recipe;
using ::gantry::release::v1::Revision;

std::string NameOf(const Revision& revision) {
  return absl::StrCat("revision ", revision.number(), " of ",
                      revision.cell_id());
}

// The stages whose epoch is not this checkout's, as "<stage> <epoch> (here
// <epoch>)", with 0 for a stage that is not there; empty if all are.
std::vector<std::string> OtherEpochs(const Recipe& recipe) {
  std::map<std::string, int> recorded;
  for (const StageEpoch& stage : kStageEpochs) recorded[stage.stage] = 0;
  for (const auto& stage : recipe.epochs()) {
    recorded[stage.stage()] = stage.epoch();
  }
  std::vector<std::string> others;
  for (const auto& [stage, epoch] : recorded) {
    const int here = StageEpochOf(stage);
    if (epoch == here) continue;
    others.push_back(absl::StrCat(stage, " ", epoch, " (here ", here, ")"));
  }
  return others;
}

// Those that the service has in full, newest first.
std::vector<Recipe> RecipesOf(const Cell& cell, const Revision& revision) {
  std::vector<Recipe> recipes(revision.recipes().rbegin(),
                              revision.recipes().rend());
  // A revision that was recorded before revisions had recipes in full.
  const std::string& wanted = cell.wanted_recipe().digest();
  const auto& digests = revision.recipe_digests();
  if (recipes.empty() &&
      std::find(digests.begin(), digests.end(), wanted) != digests.end()) {
    recipes.push_back(cell.wanted_recipe());
  }
  return recipes;
}

absl::StatusOr<Revision> FindRevision(service::ReleaseClient& client,
                                      const std::string& id, int32_t number) {
  GANTRY_ASSIGN_OR_RETURN(const auto list, client.ListRevisions(id));
  for (const Revision& revision : list.revisions()) {
    if (number == 0 || revision.number() == number) return revision;
  }
  return absl::NotFoundError(
      number == 0 ? absl::StrCat(id, " has no revision")
                  : absl::StrCat(id, " has no revision ", number));
}

// Why the cell was not built.
absl::Status NotBuilt(const Cell& cell, const BuildEvents& events,
                      const StateDir& state) {
  const auto target = events.targets.find(CellLabel(cell));
  if (target == events.targets.end() || !target->second.failure.has_value()) {
    return absl::AbortedError(
        absl::StrCat("Bazel reported no result; log: ", BuildLogPath(state)));
  }
  GANTRY_ASSIGN_OR_RETURN(
      const FailureReport report,
      SaveFailureLog(*target->second.failure, state.log_path("rebuild")));
  return absl::AbortedError(
      absl::StrCat(report.failure.reason(), "; log: ", report.log_path));
}

}  // namespace

absl::StatusOr<Recipe> BuildableRecipe(const Cell& cell,
                                       const Revision& revision) {
  std::vector<std::string> others;
  for (const Recipe& recipe : RecipesOf(cell, revision)) {
    const std::vector<std::string> epochs = OtherEpochs(recipe);
    if (epochs.empty()) return recipe;
    if (others.empty()) others = epochs;
  }
  if (others.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(NameOf(revision),
                     ": the release service has no recipe of it, because it "
                     "was recorded before revisions had them"));
  }
  return absl::FailedPreconditionError(absl::StrCat(
      NameOf(revision), " was made by stages with other epochs: ",
      absl::StrJoin(others, ", "), "; use a checkout that has them"));
}

absl::StatusOr<RebuildReport> Rebuild(const BuildOptions& options,
                                      const StateDir& state,
                                      service::ReleaseClient& client,
                                      const std::string& id, int32_t number,
                                      Progress& progress) {
  GANTRY_ASSIGN_OR_RETURN(Cell cell, client.GetCell(id));
  GANTRY_ASSIGN_OR_RETURN(const Revision revision,
                          FindRevision(client, id, number));
  GANTRY_ASSIGN_OR_RETURN(const Recipe recipe, BuildableRecipe(cell, revision));
  *cell.mutable_coordinates() = revision.coordinates();
  *cell.mutable_wanted_recipe() = recipe;

  absl::optional<BuiltTarget> built;
  GANTRY_ASSIGN_OR_RETURN(
      const BuildEvents events,
      BuildCells(options, state, client, progress, {cell},
                 [&](const std::string&, const BuiltTarget& target,
                     const std::string&) { built = target; }));
  if (!built.has_value()) return NotBuilt(cell, events, state);
  const absl::StatusOr<CellOutputs> outputs = ReadCellOutputs(*built);
  if (!outputs.ok()) return absl::AbortedError(outputs.status().message());

  RebuildReport report;
  report.set_cell_id(id);
  report.set_revision(revision.number());
  report.set_recipe_digest(recipe.digest());
  report.set_recorded_content_digest(revision.content_digest());
  report.set_content_digest(outputs->image.content_digest());
  report.set_recorded_image_digest(revision.payload().digest());
  report.set_image_digest(outputs->image.manifest().digest());
  report.set_equal(report.content_digest() == report.recorded_content_digest());
  return report;
}

std::string FormatRebuild(const RebuildReport& report) {
  std::string text =
      absl::StrCat("revision ", report.revision(), " of ", report.cell_id(),
                   ": ", report.equal() ? "equal" : "different", " content\n");
  const auto add = [&](const char* name, const std::string& recorded,
                       const std::string& built) {
    absl::StrAppend(&text, "  ", name, " ", recorded);
    if (recorded == built) {
      absl::StrAppend(&text, ", equal\n");
    } else {
      absl::StrAppend(&text, ", built now: ", built, "\n");
    }
  };
  add("content", report.recorded_content_digest(), report.content_digest());
  add("image  ", report.recorded_image_digest(), report.image_digest());
  return text;
}

}  // namespace gantry::job
