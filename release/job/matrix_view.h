#ifndef GANTRY_RELEASE_JOB_MATRIX_VIEW_H_
#define GANTRY_RELEASE_JOB_MATRIX_VIEW_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/cell.pb.h"

namespace gantry::job {

// Formats the cells as a table of their states, with a row for each OS release
// and a column for each driver and toolkit.  The reason and log of each cell
// that is not built follow.  Does not depend on the order of `cells`.
std::string FormatMatrixTable(const std::vector<release::v1::Cell>& cells);

// Formats the cells as a gantry.matrix.v1.MatrixReport in JSON.  Errors: see
// FormatJson().
absl::StatusOr<std::string> FormatMatrixJson(
    const std::vector<release::v1::Cell>& cells);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_MATRIX_VIEW_H_
