#include "release/job/build_cells.h"

#include <filesystem>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "proto/fragment.pb.h"
#include "proto/lock.pb.h"
#include "release/job/cell_outputs.h"
#include "release/job/keep_inputs.h"
#include "release/plan/batch_lock.h"
#include "release/plan/fragments.h"

namespace gantry::job {
namespace {

using ::gantry::release::v1::Cell;
using ::gantry::release::v1::Fragment;

// Keeps the inputs of a cell that is built, and reports what cannot be kept.
void KeepInputs(const Cell& cell, const std::vector<Fragment>& fragments,
                const StateDir& state, const BuiltTarget& target,
                InputKeeper& keeper, Progress& progress) {
  const auto files = target.output_groups.find(kInputsOutputGroup);
  if (files == target.output_groups.end()) return;
  const auto lock = plan::LockFromFragments({cell}, fragments, state);
  if (!lock.ok()) {
    progress.Line(absl::StrCat(
        cell.id(), ": inputs are not kept: ", lock.status().message()));
    return;
  }
  for (const std::string& problem : keeper.Keep(*lock, files->second)) {
    progress.Line(absl::StrCat(cell.id(), ": ", problem));
  }
}

}  // namespace

std::string CellLabel(const Cell& cell) {
  return absl::StrCat("@cells//", cell.id(), ":cell");
}

std::string BuildLogPath(const StateDir& state) {
  return state.log_path("bazel.log");
}

absl::StatusOr<BuildEvents> BuildCells(
    const BuildOptions& options, const StateDir& state,
    service::ReleaseClient& client, Progress& progress,
    const std::vector<Cell>& cells,
    decltype(BazelBuildOptions::on_built) on_built) {
  const std::string log_path = BuildLogPath(state);
  progress.Line(
      absl::StrCat("building ", cells.size(), " cells; log: ", log_path));
  const absl::Time start = absl::Now();
  GANTRY_RETURN_IF_ERROR(
      CreateDirectories(std::filesystem::path(log_path).parent_path()));
  GANTRY_ASSIGN_OR_RETURN(const std::vector<Fragment> fragments,
                          client.GetFragments(plan::FragmentDigests(cells)));
  GANTRY_ASSIGN_OR_RETURN(const matrix::v1::Lock lock,
                          plan::LockFromFragments(cells, fragments, state));
  GANTRY_ASSIGN_OR_RETURN(const std::string lock_path,
                          plan::WriteBatchLock(lock, state));

  BazelBuildOptions build;
  build.bazel = options.bazel;
  build.workspace = options.workspace;
  build.options = options.bazel_options;
  build.options.push_back(absl::StrCat("--repo_env=GANTRY_LOCK=", lock_path));
  build.output_groups = {kImageOutputGroup, kProofOutputGroup};
  if (!options.inputs.empty()) {
    build.options.push_back(
        absl::StrCat("--repo_env=GANTRY_INPUTS=", options.inputs));
    build.output_groups.push_back(kInputsOutputGroup);
  }
  std::map<std::string, const Cell*> by_label;
  for (const Cell& cell : cells) {
    build.labels.push_back(CellLabel(cell));
    by_label.emplace(build.labels.back(), &cell);
  }
  build.log_path = log_path;
  build.on_status = [&](absl::string_view status) {
    const absl::Time now = absl::Now();
    const absl::Duration elapsed = absl::Trunc(now - start, absl::Seconds(1));
    progress.Status(absl::StrCat(absl::FormatDuration(elapsed), " ", status),
                    now);
  };
  InputKeeper keeper(options.inputs);
  build.on_built = [&](const std::string& label, const BuiltTarget& target,
                       const std::string& execution_root) {
    const auto cell = by_label.find(label);
    if (cell != by_label.end()) {
      KeepInputs(*cell->second, fragments, state, target, keeper, progress);
    }
    on_built(label, target, execution_root);
  };
  return BuildWithBazel(build);
}

}  // namespace gantry::job
