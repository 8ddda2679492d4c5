#ifndef GANTRY_RELEASE_JOB_MATRIX_JOB_H_
#define GANTRY_RELEASE_JOB_MATRIX_JOB_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/progress.h"
#include "proto/cell.pb.h"

namespace gantry::job {

struct MatrixOptions {
  // Path of the matrix, a textproto.
  std::string matrix_path;
  // Channels to build; empty: all.
  std::vector<std::string> channels;
  // HOST:PORT of a release service; empty: an in-process service on the state
  // directory's database, for the duration of the job.
  std::string service;
  // Repository to publish to; empty: the state directory's OCI layout.
  std::string registry;
  // See StateDir::Open.
  std::string state;
  // Stop before planning or claiming cells.
  bool dry_run = false;
  // Directory of the Bazel workspace.
  std::string workspace;
  // See BazelBuildOptions::bazel.
  std::vector<std::string> bazel;
  // Additional options of the build command.
  std::vector<std::string> bazel_options;
  // Cells that one build command builds, at most; 0: all that are missing.
  int batch = 0;
  // Leases are renewed while the job runs; those of a job that was killed
  // elsewhere block its cells for so long.
  absl::Duration lease_duration = absl::Minutes(10);
};

struct MatrixResult {
  // The resulting cells of the matrix.
  std::vector<release::v1::Cell> cells;
  // Names of the channels that could not be resolved, among those to build.
  // `cells` has only what an earlier discovery found of them.
  std::vector<std::string> failed_channels;
};

// The main job.  Runs discovery if the state directory has no lock of this
// matrix, or for the channels that failed in that lock, plans the cells with
// the release service, and retires those that the matrix no longer has.  Then
// claims cells that are missing, builds and proves them in one Bazel command,
// and publishes, records and tags each as soon as it is built, until there is
// nothing to claim.  A cell that cannot be built is recorded as failed, with
// the reason, and does not affect the others.
//
// The job may be interrupted at any time; the next job with the same state
// directory releases the leases that it held and continues.
// FAILED_PRECONDITION: another job uses the state directory.  UNAVAILABLE: the
// service cannot be reached.
absl::StatusOr<MatrixResult> RunMatrixJob(const MatrixOptions& options,
                                          Progress& progress);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_MATRIX_JOB_H_
