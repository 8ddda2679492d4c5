#ifndef GANTRY_RELEASE_PLAN_CELLS_H_
#define GANTRY_RELEASE_PLAN_CELLS_H_

#include "absl/status/status.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"

namespace gantry::plan {

// Adds a cell for every release x driver x toolkit of `lock` to `lock.cells`,
// ordered by id.  Each release must have a channel.  A cell is excluded if, for
// every channel of its release, an exclusion of `matrix` matches it (the reason
// is that of the first one), or if the toolkit does not support the driver.
// INVALID_ARGUMENT: two cells have the same id, or a name is not valid in an
// id.
absl::Status AddCells(const matrix::v1::Matrix& matrix, matrix::v1::Lock& lock);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_CELLS_H_
