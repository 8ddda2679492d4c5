#ifndef GANTRY_RELEASE_JOB_BAZEL_BUILD_H_
#define GANTRY_RELEASE_JOB_BAZEL_BUILD_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "release/job/build_events.h"

namespace gantry::job {

// One `bazel build` command.
struct BazelBuildOptions {
  // The program and its startup options, which select the server and the output
  // base.
  std::vector<std::string> bazel;

  std::string workspace;

  // Options of the command.
  std::vector<std::string> options;

  std::vector<std::string> labels;

  // Output groups to build and report besides "default".
  std::vector<std::string> output_groups;

  // Gets Bazel's output.
  std::string log_path;

  // Called with each progress line, as ProgressOfLine() returns it.
  std::function<void(absl::string_view)> on_status;

  // Called once for each target that is built, while Bazel goes on with others,
  // with its label and the execution root.
  std::function<void(const std::string& label, const BuiltTarget& target,
                     const std::string& execution_root)>
      on_built;
};

// The program and startup options that `bazelw` passes in $GANTRY_BAZEL and
// $GANTRY_BAZEL_STARTUP_OPTIONS (one per line); "bazel" by default.
std::vector<std::string> BazelFromEnvironment();

// Builds as many of the labels as possible.  A failed target is not an error:
// see BuiltTarget::failure.
// INTERNAL: Bazel itself failed; the message has the end of its log.
// CANCELLED: this process received SIGINT or SIGTERM, and Bazel has stopped.
absl::StatusOr<BuildEvents> BuildWithBazel(const BazelBuildOptions& options);

// The progress in a line of Bazel's output, such as
// "[12 / 40] Compiling modules ...; 33s".  Empty if the line has none.
absl::string_view ProgressOfLine(absl::string_view line);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_BAZEL_BUILD_H_
