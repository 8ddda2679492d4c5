#ifndef GANTRY_RELEASE_JOB_MATRIX_JOB_H_
#define GANTRY_RELEASE_JOB_MATRIX_JOB_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/progress.h"
#include "proto/cell.pb.h"
#include "release/job/planning.h"
#include "release/job/worker.h"

namespace gantry::job {

struct MatrixOptions {
  PlanningOptions planning;
  WorkerOptions work;
  // See StateDir::Open.
  std::string state;
  // Stop before planning or claiming cells.
  bool dry_run = false;
};

struct MatrixResult {
  // The resulting cells of the matrix.
  std::vector<release::v1::Cell> cells;
  // See Planned.
  std::vector<std::string> failed_channels;
};

// The main job: plans the matrix (PlanMatrix), and works (Worker) until none of
// its cells can be claimed.
//
// The job may be interrupted at any time; the next job with the same state
// directory releases the leases that it held and continues.
// FAILED_PRECONDITION: another job uses the state directory.  UNAVAILABLE: the
// service cannot be reached.
absl::StatusOr<MatrixResult> RunMatrixJob(const MatrixOptions& options,
                                          Progress& progress);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_MATRIX_JOB_H_
