#ifndef GANTRY_RELEASE_JOB_MATRIX_JOB_H_
#define GANTRY_RELEASE_JOB_MATRIX_JOB_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/progress.h"
#include "proto/cell.pb.h"

namespace gantry::job {

struct MatrixOptions {
  // The matrix, a textproto.
  std::string matrix_path;
  // Only these channels; empty: all.
  std::vector<std::string> channels;
  // HOST:PORT of a release service; empty: an own one on the state folder's
  // database, which ends with the job.
  std::string service;
  // Repository to publish to; empty: the state folder's OCI layout.
  std::string registry;
  // See StateDir::Open.
  std::string state;
  // Stop before anything is claimed.
  bool dry_run = false;
  // Workspace to build in, and the program that does.
  std::string workspace;
  std::vector<std::string> bazel;
  // Further options of the build command.
  std::vector<std::string> bazel_options;
};

// The main job: discovers if the state has no lock of this matrix, asks the
// release service which cells are missing, claims them, builds and proves them
// in one Bazel command, publishes and records each, and returns all cells of
// the matrix as the service then has them.  A cell that can't be built is
// recorded as failed with its reason and does not stop the others.
//
// Interrupted at any moment, the next run goes on: cells that this state
// folder held are taken again.  FAILED_PRECONDITION: another job is running on
// the state folder.  UNAVAILABLE: no service at that address.
absl::StatusOr<std::vector<release::v1::Cell>> RunMatrixJob(
    const MatrixOptions& options, Progress& progress);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_MATRIX_JOB_H_
