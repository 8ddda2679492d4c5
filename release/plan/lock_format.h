#ifndef GANTRY_RELEASE_PLAN_LOCK_FORMAT_H_
#define GANTRY_RELEASE_PLAN_LOCK_FORMAT_H_

#include <string>

#include "absl/status/statusor.h"
#include "proto/lock.pb.h"

namespace gantry::plan {

// LockFile.schema of the files that this version writes and reads.  Equal to
// LOCK_SCHEMA in release/cells/repository.bzl.
inline constexpr int kLockSchema = 1;

// Writes `lock` as a LockFile in JSON to a file of `directory`, which is
// created if it is missing.  The file's name depends on its content alone:
// "<16 hex digits>.json".  Returns its path.  INVALID_ARGUMENT: a string of the
// lock is not valid UTF-8.
absl::StatusOr<std::string> WriteLockByContent(const matrix::v1::Lock& lock,
                                               const std::string& directory);

// Reads such a file.  INVALID_ARGUMENT, naming it: it is no lock, or one with
// another schema.
absl::StatusOr<matrix::v1::Lock> ReadLock(const std::string& path);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_LOCK_FORMAT_H_
