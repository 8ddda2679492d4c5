#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/program.h"
#include "base/progress.h"
#include "base/user_path.h"
#include "base/version.h"
#include "release/job/bazel_build.h"
#include "release/job/matrix_job.h"
#include "release/job/matrix_view.h"
#include "release/job/work_plan.h"
#include "release/publish/input_store.h"
#include "release/service/connection/credential_flags.h"

ABSL_FLAG(std::string, matrix, "",
          "matrix file; empty: release/matrix.textproto in the workspace");
ABSL_FLAG(std::vector<std::string>, channel, {},
          "channels to build, separated by commas; empty: all");
ABSL_FLAG(std::string, service, "",
          "HOST:PORT of a release service; empty: an in-process service on the "
          "state directory's database");
ABSL_FLAG(std::string, registry, "",
          "repository to publish to, such as registry.example/gantry; empty: "
          "the OCI layout in the state directory.  Required with --service");
ABSL_FLAG(std::string, inputs, "",
          "input store: where downloaded files are kept, and read when their "
          "origin no longer has them: a directory, /... or ./..., or a "
          "registry's repository; empty: none");
ABSL_FLAG(std::string, state, "",
          "state directory, with lock, database, images and logs; empty: "
          ".gantry in the workspace");
ABSL_FLAG(bool, allow_rollback, false,
          "let channels go back to older releases than the service has");
ABSL_FLAG(bool, dry_run, false, "print the matrix without building anything");
ABSL_FLAG(bool, json, false, "print one JSON object instead of a table");
ABSL_FLAG(std::vector<std::string>, bazel_options, {},
          "additional options of the inner `bazel build`, separated by commas");
ABSL_FLAG(
    int, batch, 0,
    "how many cells to claim and build at once; 0: all that are missing.  "
    "Several workers share a matrix if it is small");
ABSL_FLAG(absl::Duration, lease, absl::Minutes(10),
          "how long cells stay claimed if this worker is killed; at least 1s");

namespace {

constexpr char kUsage[] =
    "Builds, proves and publishes the missing cells of a matrix, and prints "
    "the "
    "matrix.\n"
    "Exit codes: 0 every cell that is not excluded is built; 1 error; 3 a cell "
    "is not built, with the reason on standard output, or a channel cannot be "
    "resolved, with the reason on standard error.";
constexpr int kIncomplete = 3;

gantry::job::MatrixOptions OptionsFromFlags() {
  gantry::job::MatrixOptions options;
  const std::string matrix = absl::GetFlag(FLAGS_matrix);
  auto& planning = options.planning;
  planning.matrix_path = matrix.empty()
                             ? gantry::WorkspacePath("release/matrix.textproto")
                             : gantry::UserPath(matrix);
  planning.channels = absl::GetFlag(FLAGS_channel);
  planning.service = absl::GetFlag(FLAGS_service);
  planning.credentials = gantry::service::CredentialsFromFlags();
  planning.allow_rollback = absl::GetFlag(FLAGS_allow_rollback);
  options.work.workspace = gantry::WorkspacePath("");
  options.work.bazel = gantry::job::BazelFromEnvironment();
  options.work.bazel_options = absl::GetFlag(FLAGS_bazel_options);
  options.work.registry = absl::GetFlag(FLAGS_registry);
  options.work.inputs =
      gantry::publish::InputLocation(absl::GetFlag(FLAGS_inputs));
  options.work.batch = absl::GetFlag(FLAGS_batch);
  options.work.lease_duration = absl::GetFlag(FLAGS_lease);
  options.state = absl::GetFlag(FLAGS_state);
  options.dry_run = absl::GetFlag(FLAGS_dry_run);
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  gantry::ParseFlags({"matrix", kUsage, gantry::kVersion}, argc, argv);
  if (!absl::GetFlag(FLAGS_service).empty() &&
      absl::GetFlag(FLAGS_registry).empty() && !absl::GetFlag(FLAGS_dry_run)) {
    std::cerr << "matrix: --registry: required with --service: other machines "
                 "cannot read the OCI layout in this state directory\n";
    return 1;
  }
  absl::StatusOr<gantry::job::MatrixResult> result;
  {
    gantry::Progress progress(stderr);
    result = gantry::job::RunMatrixJob(OptionsFromFlags(), progress);
  }
  if (!result.ok()) {
    std::cerr << "matrix: " << result.status().message() << "\n";
    return 1;
  }
  const absl::StatusOr<std::string> report =
      absl::GetFlag(FLAGS_json) ? gantry::job::FormatMatrixJson(result->cells)
                                : gantry::job::FormatMatrixTable(result->cells);
  if (!report.ok()) {
    std::cerr << "matrix: " << report.status().message() << "\n";
    return 1;
  }
  std::cout << *report;
  return gantry::job::IsComplete(result->cells) &&
                 result->failed_channels.empty()
             ? 0
             : kIncomplete;
}
