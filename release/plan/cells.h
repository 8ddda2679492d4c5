#ifndef GANTRY_RELEASE_PLAN_CELLS_H_
#define GANTRY_RELEASE_PLAN_CELLS_H_

#include "absl/status/status.h"
#include "proto/lock.pb.h"
#include "proto/matrix.pb.h"

namespace gantry::plan {

// Fills `lock.cell` with every release x driver x toolkit of `lock`, by id.  A
// cell is excluded by the first exclusion of `matrix` that matches it, else if
// the toolkit cannot run on the driver.  INVALID_ARGUMENT: two cells would
// have one id, or a name cannot be part of an id.
absl::Status FillCells(const matrix::v1::Matrix& matrix,
                       matrix::v1::Lock& lock);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_CELLS_H_
