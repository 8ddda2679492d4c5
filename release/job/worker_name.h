#ifndef GANTRY_RELEASE_JOB_WORKER_NAME_H_
#define GANTRY_RELEASE_JOB_WORKER_NAME_H_

#include <string>

#include "absl/status/statusor.h"
#include "base/state_dir.h"

namespace gantry::job {

// A name for the holder of a lease: this host and a random number, so that no
// two calls return the same.  Example: "ci-7/2c26b46b68ffc68f".
std::string NewWorkerName();

// As NewWorkerName(), with a number that is unique to the state directory,
// independent of its machine and path, and stored there: workers with the same
// name release each other's leases, so that only one may run, see
// StateDir::job_lock_path().
absl::StatusOr<std::string> WorkerName(const StateDir& state);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_WORKER_NAME_H_
