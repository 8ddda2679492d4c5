#ifndef GANTRY_TESTS_E2E_MATRIX_RUNNER_H_
#define GANTRY_TESTS_E2E_MATRIX_RUNNER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/subprocess.h"
#include "proto/matrix_report.pb.h"
#include "proto/rebuild_report.pb.h"

namespace gantry::e2e {

// Runs //release:matrix as `bazel run` would, with a separate Bazel server and
// output base.  The server is shut down when this object is destroyed.
class MatrixRunner {
 public:
  // The output base is in `directory`.  Runners may share a `disk_cache`;
  // empty: no disk cache.
  MatrixRunner(std::string directory, std::string disk_cache);
  ~MatrixRunner();
  MatrixRunner(const MatrixRunner&) = delete;
  MatrixRunner& operator=(const MatrixRunner&) = delete;

  // Adds an option of the inner build.
  void AddBazelOption(std::string option);

  struct Result {
    int exit_code = 0;
    matrix::v1::MatrixReport report;
    // Standard error.
    std::string progress;
  };

  // Runs the job with `--json` and these arguments.
  absl::StatusOr<Result> Run(const std::vector<std::string>& arguments);

  struct RebuildResult {
    int exit_code = 0;
    release::v1::RebuildReport report;
    // Standard error.
    std::string progress;
  };

  // Runs //release:rebuild with `--json` and these arguments.
  absl::StatusOr<RebuildResult> Rebuild(
      const std::vector<std::string>& arguments);

  // Starts //release:worker, as `bazel run` would, with these arguments.  Its
  // standard error is appended to the file `log`.
  absl::StatusOr<BackgroundProcess> StartWorker(
      const std::vector<std::string>& arguments, const std::string& log);

 private:
  std::vector<std::string> Bazel() const;
  // How to run a program of release/job.
  SubprocessOptions Program(const std::string& name,
                            const std::vector<std::string>& arguments) const;

  const std::string directory_;
  const std::string workspace_;
  std::vector<std::string> bazel_options_;
};

}  // namespace gantry::e2e

#endif  // GANTRY_TESTS_E2E_MATRIX_RUNNER_H_
