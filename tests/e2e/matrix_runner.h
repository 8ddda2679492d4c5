#ifndef GANTRY_TESTS_E2E_MATRIX_RUNNER_H_
#define GANTRY_TESTS_E2E_MATRIX_RUNNER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/subprocess.h"
#include "proto/matrix_report.pb.h"

namespace gantry::e2e {

// Runs //release:matrix as `bazel run` would, with a Bazel server and an
// output base of its own.  The server ends with this.
class MatrixRunner {
 public:
  // `directory` gets the output base.  `disk_cache` may be shared with other
  // runners; empty: none.
  MatrixRunner(std::string directory, std::string disk_cache);
  ~MatrixRunner();
  MatrixRunner(const MatrixRunner&) = delete;
  MatrixRunner& operator=(const MatrixRunner&) = delete;

  // Further options of the inner build.
  void AddBazelOption(std::string option);

  struct Result {
    int exit_code = 0;
    matrix::v1::MatrixReport report;
    // Standard error.
    std::string progress;
  };

  // Runs the job with `--json` and these arguments.
  absl::StatusOr<Result> Run(const std::vector<std::string>& arguments);

 private:
  std::vector<std::string> Bazel() const;

  const std::string directory_;
  const std::string workspace_;
  std::vector<std::string> bazel_options_;
};

}  // namespace gantry::e2e

#endif  // GANTRY_TESTS_E2E_MATRIX_RUNNER_H_
