#ifndef GANTRY_RELEASE_PLAN_VALIDATE_H_
#define GANTRY_RELEASE_PLAN_VALIDATE_H_

#include "absl/status/status.h"
#include "proto/matrix.pb.h"

namespace gantry::plan {

// Checks every constraint that matrix.proto documents.  INVALID_ARGUMENT, with
// the message "<path of the field>: <error>": the first that is violated. Pure;
// does not check whether files, releases and packages exist.
absl::Status ValidateMatrix(const matrix::v1::Matrix& matrix);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_VALIDATE_H_
