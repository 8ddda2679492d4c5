#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/statusor.h"
#include "base/program.h"
#include "base/progress.h"
#include "base/user_path.h"
#include "base/version.h"
#include "release/job/bazel_build.h"
#include "release/job/matrix_job.h"
#include "release/job/matrix_view.h"
#include "release/job/work_plan.h"

ABSL_FLAG(std::string, matrix, "",
          "matrix file; empty: release/matrix.textproto of the workspace");
ABSL_FLAG(std::vector<std::string>, channel, {},
          "only these channels, separated by commas");
ABSL_FLAG(std::string, service, "",
          "HOST:PORT of a release service; empty: an own one on the state's "
          "database");
ABSL_FLAG(std::string, registry, "",
          "repository to publish to, such as registry.example/gantry; empty: "
          "the OCI layout in the state folder");
ABSL_FLAG(std::string, state, "",
          "folder of lock, database, images and logs; empty: .gantry in the "
          "workspace");
ABSL_FLAG(bool, dry_run, false,
          "show what is built and missing, build nothing");
ABSL_FLAG(bool, json, false, "print one JSON object instead of a table");
ABSL_FLAG(std::vector<std::string>, bazel_options, {},
          "further options of the inner `bazel build`, separated by commas");

namespace {

constexpr char kUsage[] =
    "Builds, proves and publishes every cell of a matrix that is missing, and "
    "prints the matrix.\n"
    "Exit codes: 0 every wanted cell is built, 1 the job could not be done "
    "(the reason is on standard error), 3 some wanted cell is not built.";
constexpr int kIncomplete = 3;

gantry::job::MatrixOptions OptionsFromFlags() {
  gantry::job::MatrixOptions options;
  options.workspace = gantry::WorkspacePath("");
  const std::string matrix = absl::GetFlag(FLAGS_matrix);
  options.matrix_path = matrix.empty()
                            ? gantry::WorkspacePath("release/matrix.textproto")
                            : gantry::UserPath(matrix);
  options.channels = absl::GetFlag(FLAGS_channel);
  options.service = absl::GetFlag(FLAGS_service);
  options.registry = absl::GetFlag(FLAGS_registry);
  options.state = absl::GetFlag(FLAGS_state);
  options.dry_run = absl::GetFlag(FLAGS_dry_run);
  options.bazel = gantry::job::BazelFromEnvironment();
  options.bazel_options = absl::GetFlag(FLAGS_bazel_options);
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  gantry::ParseFlags({"matrix", kUsage, gantry::kVersion}, argc, argv);
  absl::StatusOr<std::vector<gantry::release::v1::Cell>> cells;
  {
    gantry::Progress progress(stderr);
    cells = gantry::job::RunMatrixJob(OptionsFromFlags(), progress);
  }
  if (!cells.ok()) {
    std::cerr << "matrix: " << cells.status().message() << "\n";
    return 1;
  }
  const absl::StatusOr<std::string> report =
      absl::GetFlag(FLAGS_json) ? gantry::job::FormatMatrixJson(*cells)
                                : gantry::job::FormatMatrixTable(*cells);
  if (!report.ok()) {
    std::cerr << "matrix: " << report.status().message() << "\n";
    return 1;
  }
  std::cout << *report;
  return gantry::job::IsComplete(*cells) ? 0 : kIncomplete;
}
