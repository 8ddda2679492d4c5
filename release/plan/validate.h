#ifndef GANTRY_RELEASE_PLAN_VALIDATE_H_
#define GANTRY_RELEASE_PLAN_VALIDATE_H_

#include "absl/status/status.h"
#include "proto/matrix.pb.h"

namespace gantry::plan {

// INVALID_ARGUMENT "<field path>: <what>" unless the matrix keeps every
// constraint that matrix.proto states.  Pure: whether the files, releases and
// packages exist is not looked at.
absl::Status ValidateMatrix(const matrix::v1::Matrix& matrix);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_VALIDATE_H_
