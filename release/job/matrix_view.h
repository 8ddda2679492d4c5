#ifndef GANTRY_RELEASE_JOB_MATRIX_VIEW_H_
#define GANTRY_RELEASE_JOB_MATRIX_VIEW_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/cell.pb.h"

namespace gantry::job {

// Cells as a table: OS release and kernel down, driver and CUDA across, a mark
// for each cell; below it, a line for each cell that is not built, with the
// reason and the place of its log.  Equal cells give equal text.
std::string FormatMatrixTable(const std::vector<release::v1::Cell>& cells);

// The cells as the JSON of a gantry.matrix.v1.MatrixReport.  INVALID_ARGUMENT:
// see FormatJson().
absl::StatusOr<std::string> FormatMatrixJson(
    const std::vector<release::v1::Cell>& cells);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_MATRIX_VIEW_H_
