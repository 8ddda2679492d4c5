#ifndef GANTRY_RELEASE_JOB_PLANNING_H_
#define GANTRY_RELEASE_JOB_PLANNING_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/progress.h"
#include "base/state_dir.h"
#include "proto/cell.pb.h"
#include "proto/lock.pb.h"
#include "release/plan/current_lock.h"
#include "release/service/client/client_credentials.h"
#include "release/service/client/release_client.h"

namespace gantry::job {

struct PlanningOptions {
  // Path of the matrix, a textproto.
  std::string matrix_path;
  // Channels to plan; empty: all.
  std::vector<std::string> channels;
  // Names the release service among those that the state directory is used
  // with; empty: an in-process one.
  std::string service;
  // Of the client of that service.
  service::ClientCredentials credentials;
  // Lets channels go back to older releases.
  bool allow_rollback = false;
  // Runs discovery for these channels even if there is a lock of the matrix.
  bool discover = false;
};

// What is planned.
struct Planned {
  // Absolute path of the lock that the plan follows from.
  std::string lock_path;
  matrix::v1::Lock lock;
  // Cells of the channels that were planned, as the service has them.
  std::vector<release::v1::Cell> cells;
  // Names of the channels that could not be resolved or may not go back, among
  // those to plan.  `cells` has only what was planned of them before.
  std::vector<std::string> failed_channels;
};

// Reads or discovers the lock of a matrix; see FindOrDiscoverLock().
absl::StatusOr<plan::CurrentLock> FindLock(const PlanningOptions& options,
                                           const StateDir& state,
                                           Progress& progress);

// Makes a release service plan what a matrix wants: reads or discovers its
// lock, stores the fragments, moves the heads of channels, plans their cells,
// and retires those that they no longer have.
//
// A service to which another planner has brought other releases since the lock
// was made does not go back to those of the lock: discovery is run again.
// ABORTED: other planners changed the channels meanwhile, three times.  Other
// errors: those of FindOrDiscoverLock(), and of the service.
absl::StatusOr<Planned> PlanMatrix(const PlanningOptions& options,
                                   const StateDir& state,
                                   service::ReleaseClient& client,
                                   Progress& progress);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_PLANNING_H_
