#ifndef GANTRY_RELEASE_JOB_WORK_PLAN_H_
#define GANTRY_RELEASE_JOB_WORK_PLAN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/cell.pb.h"
#include "proto/cell_plan.pb.h"
#include "proto/lock.pb.h"

namespace gantry::job {

// The cells of the lock that are in at least one of these channels, or all if
// `channels` is empty.
// NOT_FOUND, listing the channels: the lock has no cell in one of them, and it
// is not a failed one.  INVALID_ARGUMENT: the lock lacks what a cell is made
// of.
absl::StatusOr<std::vector<release::v1::CellPlan>> CellPlansFromLock(
    const matrix::v1::Lock& lock, const std::vector<std::string>& channels);

// Whether the channel is among `channels`, or that is empty.
bool IsSelected(const std::string& channel,
                const std::vector<std::string>& channels);

// Names of the lock's failed channels that are in `channels`, or all if that is
// empty.
std::vector<std::string> FailedChannels(
    const matrix::v1::Lock& lock, const std::vector<std::string>& channels);

// A name of these plans, equal for equal ones.
std::string PlanId(const std::vector<release::v1::CellPlan>& plans);

// Ids of the cells that are neither built, blocked, excluded nor retired.
// Includes cells that are leased to other workers: only the service knows
// whether a lease has expired.
std::vector<std::string> MissingCellIds(
    const std::vector<release::v1::Cell>& cells);

// The cells that are leased to `worker`.
std::vector<release::v1::Cell> CellsLeasedTo(
    const std::string& worker, const std::vector<release::v1::Cell>& cells);

// The cells that planning would result in: those in `known`, planned if their
// recipe changes, and new ones planned or excluded.
std::vector<release::v1::Cell> PreviewCells(
    const std::vector<release::v1::CellPlan>& plans,
    const std::vector<release::v1::Cell>& known);

// The cells in batches that one lock can describe: in each, fragments of one
// kind and name are equal.  Plans of different times may differ in them.
std::vector<std::vector<release::v1::Cell>> CompatibleBatches(
    const std::vector<release::v1::Cell>& cells);

// Whether every cell is built, excluded or retired.
bool IsComplete(const std::vector<release::v1::Cell>& cells);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_WORK_PLAN_H_
