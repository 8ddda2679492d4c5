#ifndef GANTRY_RELEASE_PLAN_LOCK_FILE_H_
#define GANTRY_RELEASE_PLAN_LOCK_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "base/state_dir.h"
#include "proto/lock.pb.h"

namespace gantry::plan {

// Replaces the lock of `state`: writes `lock` to a file named by its content,
// then the file with Bazel's options, and last replaces the link, atomically.
// After an error or a crash the link still points to the old lock.  Returns the
// absolute path of the new file, which is the value for GANTRY_LOCK.
absl::StatusOr<std::string> WriteLock(const matrix::v1::Lock& lock,
                                      const StateDir& state);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_LOCK_FILE_H_
