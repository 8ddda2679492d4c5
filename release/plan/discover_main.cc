#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "base/json.h"
#include "base/program.h"
#include "base/progress.h"
#include "base/state_dir.h"
#include "base/status_macros.h"
#include "base/user_path.h"
#include "base/version.h"
#include "release/plan/discover.h"
#include "release/plan/lock_file.h"
#include "release/plan/summary.h"

ABSL_FLAG(std::string, matrix, "",
          "matrix file; empty: release/matrix.textproto in the workspace");
ABSL_FLAG(std::string, state, "",
          "state directory; empty: .gantry in the workspace");
ABSL_FLAG(
    std::vector<std::string>, channel, {},
    "resolve only these channels, separated by commas, and keep the others "
    "as they are in the lock");
ABSL_FLAG(bool, json, false,
          "print the lock as one JSON object on standard output");

namespace gantry::plan {
namespace {

absl::Status Run() {
  GANTRY_ASSIGN_OR_RETURN(const StateDir state,
                          StateDir::Open(absl::GetFlag(FLAGS_state)));
  const std::string matrix = absl::GetFlag(FLAGS_matrix);
  DiscoverOptions options;
  options.matrix_path = matrix.empty()
                            ? WorkspacePath("release/matrix.textproto")
                            : UserPath(matrix);
  options.channels = absl::GetFlag(FLAGS_channel);
  absl::StatusOr<matrix::v1::Lock> lock;
  {
    Progress progress(stderr);
    options.progress = [&](absl::string_view step) {
      progress.Status(step, absl::Now());
    };
    lock = Discover(options, state);
  }
  if (!lock.ok()) return lock.status();
  // Formatted first, so that an error does not replace the old lock.
  GANTRY_ASSIGN_OR_RETURN(const std::string json, FormatJson(*lock));
  GANTRY_ASSIGN_OR_RETURN(const std::string path, WriteLock(*lock, state));
  std::cout << (absl::GetFlag(FLAGS_json) ? json : FormatSummary(*lock, path));
  return absl::OkStatus();
}

}  // namespace
}  // namespace gantry::plan

int main(int argc, char** argv) {
  gantry::ParseFlags(
      {"discover",
       "Resolves a matrix to exact releases, versions, URLs and digests, and "
       "writes the lock.\n"
       "Usage: discover [--matrix=FILE] [--state=DIRECTORY] [--channel=A,B] "
       "[--json]\n"
       "Exit codes: 0 success; 1 error, and the old lock remains.",
       gantry::kVersion},
      argc, argv);
  const absl::Status status = gantry::plan::Run();
  if (status.ok()) return 0;
  std::cerr << "discover: " << status.message() << "\n";
  return 1;
}
