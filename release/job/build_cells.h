#ifndef GANTRY_RELEASE_JOB_BUILD_CELLS_H_
#define GANTRY_RELEASE_JOB_BUILD_CELLS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/progress.h"
#include "base/state_dir.h"
#include "proto/cell.pb.h"
#include "release/job/bazel_build.h"
#include "release/job/build_events.h"
#include "release/service/client/release_client.h"

namespace gantry::job {

// How to build cells.
struct BuildOptions {
  // Directory of the Bazel workspace.
  std::string workspace;
  // See BazelBuildOptions::bazel.
  std::vector<std::string> bazel;
  // Additional options of the build command.
  std::vector<std::string> bazel_options;
  // Where inputs are kept, and read when their origin no longer has them; see
  // publish::InputLocation().  Empty: nowhere.
  std::string inputs;
};

// The label of the cell's target.
std::string CellLabel(const release::v1::Cell& cell);

// The output of the build command.
std::string BuildLogPath(const StateDir& state);

// Builds cells as their wanted recipes say, in one Bazel command.  All that it
// needs to know of them comes from the service.  `on_built`: see
// BazelBuildOptions; it is called after the inputs of the cell are kept, and
// for inputs that cannot be kept there is a line.  No other build may run with
// this state directory; see StateDir::job_lock_path().
// Errors: those of BuildWithBazel(), LockFromFragments() and the service.
absl::StatusOr<BuildEvents> BuildCells(
    const BuildOptions& options, const StateDir& state,
    service::ReleaseClient& client, Progress& progress,
    const std::vector<release::v1::Cell>& cells,
    decltype(BazelBuildOptions::on_built) on_built);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_BUILD_CELLS_H_
