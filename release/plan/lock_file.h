#ifndef GANTRY_RELEASE_PLAN_LOCK_FILE_H_
#define GANTRY_RELEASE_PLAN_LOCK_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "base/state_dir.h"
#include "proto/lock.pb.h"

namespace gantry::plan {

// Makes `lock` the lock of `state`: writes it to a file that is named by its
// content, then the file with Bazel's options, and switches the link last, in
// one step.  After an error or a crash the old lock is still in force, whole.
// Returns the absolute path of the file, the value for GANTRY_LOCK.
absl::StatusOr<std::string> WriteLock(const matrix::v1::Lock& lock,
                                      const StateDir& state);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_LOCK_FILE_H_
