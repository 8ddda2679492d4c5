#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
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

// Some channels cannot be resolved.
constexpr int kIncomplete = 3;

// Returns the exit code.
absl::StatusOr<int> Run() {
  GANTRY_ASSIGN_OR_RETURN(const StateDir state,
                          StateDir::Open(absl::GetFlag(FLAGS_state)));
  const std::string matrix = absl::GetFlag(FLAGS_matrix);
  DiscoverOptions options;
  options.matrix_path = matrix.empty()
                            ? WorkspacePath("release/matrix.textproto")
                            : UserPath(matrix);
  options.channels = absl::GetFlag(FLAGS_channel);
  bool is_complete = true;
  absl::StatusOr<matrix::v1::Lock> lock;
  {
    Progress progress(stderr);
    options.progress = [&](absl::string_view step) {
      progress.Status(step, absl::Now());
    };
    options.channel_error = [&](absl::string_view error) {
      is_complete = false;
      progress.Line(absl::StrCat("error: ", error));
    };
    lock = Discover(options, state);
  }
  if (!lock.ok()) return lock.status();
  // Formatted first, so that an error does not replace the old lock.
  GANTRY_ASSIGN_OR_RETURN(const std::string json, FormatJson(*lock));
  GANTRY_ASSIGN_OR_RETURN(const std::string path, WriteLock(*lock, state));
  std::cout << (absl::GetFlag(FLAGS_json) ? json : FormatSummary(*lock, path));
  return is_complete ? 0 : kIncomplete;
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
       "Exit codes: 0 success; 1 error, and the old lock remains; 3 some "
       "channels "
       "cannot be resolved, with the reasons on standard error, and the lock "
       "has "
       "what the old one had of them.",
       gantry::kVersion},
      argc, argv);
  const absl::StatusOr<int> exit_code = gantry::plan::Run();
  if (exit_code.ok()) return *exit_code;
  std::cerr << "discover: " << exit_code.status().message() << "\n";
  return 1;
}
