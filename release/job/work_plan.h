#ifndef GANTRY_RELEASE_JOB_WORK_PLAN_H_
#define GANTRY_RELEASE_JOB_WORK_PLAN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/cell.pb.h"
#include "proto/cell_plan.pb.h"
#include "proto/lock.pb.h"

namespace gantry::job {

// The cells of the lock as the release service takes them, those of the given
// channels only; no channel: all.  NOT_FOUND: the lock has no such channel;
// the message names those that it has.
absl::StatusOr<std::vector<release::v1::CellPlan>> PlanOfLock(
    const matrix::v1::Lock& lock, const std::vector<std::string>& channels);

// Ids of the cells to claim: all that are wanted and not built.  Those under
// another worker's lease are among them, for only the service knows whether it
// has ended.
std::vector<std::string> MissingCells(
    const std::vector<release::v1::Cell>& cells);

// Cells that are leased to `worker`.
std::vector<release::v1::Cell> LeasedTo(
    const std::string& worker, const std::vector<release::v1::Cell>& cells);

// The cells as planning would leave them: those that are `known`, and the
// others planned or excluded.
std::vector<release::v1::Cell> CellsAsPlanned(
    const std::vector<release::v1::CellPlan>& plans,
    const std::vector<release::v1::Cell>& known);

// True if every cell is built or excluded.
bool IsComplete(const std::vector<release::v1::Cell>& cells);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_WORK_PLAN_H_
