#include <cstdio>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/statusor.h"
#include "base/json.h"
#include "base/program.h"
#include "base/progress.h"
#include "base/state_dir.h"
#include "base/status_macros.h"
#include "base/user_path.h"
#include "base/version.h"
#include "release/job/planning.h"
#include "release/job/work_plan.h"
#include "release/plan/current_lock.h"
#include "release/plan/summary.h"
#include "release/service/connection/connection.h"
#include "release/service/connection/credential_flags.h"

ABSL_FLAG(std::string, matrix, "",
          "matrix file; empty: release/matrix.textproto in the workspace");
ABSL_FLAG(std::string, state, "",
          "state directory; empty: .gantry in the workspace");
ABSL_FLAG(
    std::vector<std::string>, channel, {},
    "resolve only these channels, separated by commas, and keep the others "
    "as they are in the lock");
ABSL_FLAG(std::string, service, "",
          "HOST:PORT of a release service that is to plan the result; empty: "
          "only write the lock");
ABSL_FLAG(bool, allow_rollback, false,
          "let channels go back to older releases than the service has");
ABSL_FLAG(bool, json, false,
          "print the lock as one JSON object on standard output");

namespace gantry::job {
namespace {

// Some channels cannot be resolved.
constexpr int kIncomplete = 3;

absl::StatusOr<Planned> Discover(const PlanningOptions& options,
                                 const StateDir& state) {
  Progress progress(stderr);
  if (!options.service.empty()) {
    GANTRY_ASSIGN_OR_RETURN(
        const service::Connection connection,
        service::Connection::ToService(options.service, options.credentials));
    return PlanMatrix(options, state, connection.client(), progress);
  }
  GANTRY_ASSIGN_OR_RETURN(plan::CurrentLock current,
                          FindLock(options, state, progress));
  Planned planned;
  planned.failed_channels = FailedChannels(current.lock, options.channels);
  planned.lock = std::move(current.lock);
  planned.lock_path = std::move(current.path);
  return planned;
}

// Returns the exit code.
absl::StatusOr<int> Run() {
  GANTRY_ASSIGN_OR_RETURN(const StateDir state,
                          StateDir::Open(absl::GetFlag(FLAGS_state)));
  const std::string matrix = absl::GetFlag(FLAGS_matrix);
  PlanningOptions options;
  options.matrix_path = matrix.empty()
                            ? WorkspacePath("release/matrix.textproto")
                            : UserPath(matrix);
  options.channels = absl::GetFlag(FLAGS_channel);
  options.service = absl::GetFlag(FLAGS_service);
  options.credentials = service::CredentialsFromFlags();
  options.allow_rollback = absl::GetFlag(FLAGS_allow_rollback);
  options.discover = true;
  GANTRY_ASSIGN_OR_RETURN(const Planned planned, Discover(options, state));
  if (absl::GetFlag(FLAGS_json)) {
    GANTRY_ASSIGN_OR_RETURN(const std::string json, FormatJson(planned.lock));
    std::cout << json;
  } else {
    std::cout << plan::FormatSummary(planned.lock, planned.lock_path);
  }
  return planned.failed_channels.empty() ? 0 : kIncomplete;
}

}  // namespace
}  // namespace gantry::job

int main(int argc, char** argv) {
  gantry::ParseFlags(
      {"discover",
       "Resolves a matrix to exact releases, versions, URLs and digests, "
       "writes the lock, and makes a release service plan it.\n"
       "Usage: discover [--matrix=FILE] [--state=DIRECTORY] [--channel=A,B] "
       "[--service=HOST:PORT [--allow_rollback]] [--json]\n"
       "Exit codes: 0 success; 1 error: if discovery failed, the old lock "
       "remains; 3 some channels cannot be resolved or would go back, with the "
       "reasons on standard error: the lock has what the old one had of them, "
       "and the service stays as it was.",
       gantry::kVersion},
      argc, argv);
  const absl::StatusOr<int> exit_code = gantry::job::Run();
  if (exit_code.ok()) return *exit_code;
  std::cerr << "discover: " << exit_code.status().message() << "\n";
  return 1;
}
