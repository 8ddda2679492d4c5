#ifndef GANTRY_RELEASE_PLAN_CURRENT_LOCK_H_
#define GANTRY_RELEASE_PLAN_CURRENT_LOCK_H_

#include <string>

#include "absl/status/statusor.h"
#include "base/state_dir.h"
#include "proto/lock.pb.h"
#include "release/plan/discover.h"

namespace gantry::plan {

// A lock, and the file from which Bazel reads it.
struct CurrentLock {
  matrix::v1::Lock lock;
  // Absolute, with symbolic links resolved.
  std::string path;
  // Whether discovery has just written it.
  bool is_new = false;
};

// Returns the lock in the state directory if it is of the matrix and complete.
// Otherwise resolves what is missing, which is either everything or the
// channels that failed before, and writes that lock.  It is incomplete if
// channels failed now: see Lock.failed_channels.  `options.channels` must be
// empty.
//
// A lock that was written with another schema is treated as missing.  Errors
// are those of Discover() and WriteLock().
absl::StatusOr<CurrentLock> FindOrDiscoverLock(const DiscoverOptions& options,
                                               const StateDir& state);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_CURRENT_LOCK_H_
