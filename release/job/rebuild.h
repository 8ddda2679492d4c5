#ifndef GANTRY_RELEASE_JOB_REBUILD_H_
#define GANTRY_RELEASE_JOB_REBUILD_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "base/progress.h"
#include "base/state_dir.h"
#include "proto/cell.pb.h"
#include "proto/rebuild_report.pb.h"
#include "proto/recipe.pb.h"
#include "proto/revision.pb.h"
#include "release/job/build_cells.h"
#include "release/service/client/release_client.h"

namespace gantry::job {

// The newest recipe of the revision whose stages have the epochs of this
// checkout.
// FAILED_PRECONDITION: there is none, because the stages of its recipes have
// other epochs, or because the service has none of its recipes.
absl::StatusOr<release::v1::Recipe> BuildableRecipe(
    const release::v1::Cell& cell, const release::v1::Revision& revision);

// Builds a recorded revision again, from what the service and the input store
// have of it, and compares the two.  Publishes and records nothing.
// `number` 0: the newest revision.
//
// NOT_FOUND: there is no such cell or revision.  FAILED_PRECONDITION: see
// BuildableRecipe().  ABORTED, with the reason: it cannot be built.  Also the
// errors of BuildCells().
absl::StatusOr<release::v1::RebuildReport> Rebuild(
    const BuildOptions& options, const StateDir& state,
    service::ReleaseClient& client, const std::string& id, int32_t number,
    Progress& progress);

// The report as text.
std::string FormatRebuild(const release::v1::RebuildReport& report);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_REBUILD_H_
