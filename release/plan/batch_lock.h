#ifndef GANTRY_RELEASE_PLAN_BATCH_LOCK_H_
#define GANTRY_RELEASE_PLAN_BATCH_LOCK_H_

#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "base/state_dir.h"
#include "proto/lock.pb.h"

namespace gantry::plan {

// The part of a lock that these cells need: Bazel loads and analyzes only that,
// whatever the size of the matrix.  Ids that the lock lacks are ignored.
matrix::v1::Lock BatchLock(const matrix::v1::Lock& lock,
                           const std::set<std::string>& cell_ids);

// Writes it to a file of `state` that is named by its content, and removes
// those of earlier batches.  Returns its absolute path, which is the value for
// GANTRY_LOCK.
absl::StatusOr<std::string> WriteBatchLock(const matrix::v1::Lock& batch,
                                           const StateDir& state);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_BATCH_LOCK_H_
