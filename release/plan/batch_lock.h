#ifndef GANTRY_RELEASE_PLAN_BATCH_LOCK_H_
#define GANTRY_RELEASE_PLAN_BATCH_LOCK_H_

#include <string>

#include "absl/status/statusor.h"
#include "base/state_dir.h"
#include "proto/lock.pb.h"

namespace gantry::plan {

// Writes the lock of the cells that one build command builds to a file of
// `state` that is named by its content, and removes those of earlier batches:
// Bazel loads and analyzes only these cells, whatever the size of the matrix.
// Returns its absolute path, which is the value for GANTRY_LOCK.
absl::StatusOr<std::string> WriteBatchLock(const matrix::v1::Lock& batch,
                                           const StateDir& state);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_BATCH_LOCK_H_
