#ifndef GANTRY_RELEASE_JOB_BAZEL_BUILD_H_
#define GANTRY_RELEASE_JOB_BAZEL_BUILD_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "release/job/build_events.h"

namespace gantry::job {

// One `bazel build` in the workspace that this program was started from.
struct BazelBuildOptions {
  // The program, and its start-up options: they decide which server and which
  // output base serve the command.
  std::vector<std::string> bazel;

  std::string workspace;

  // Options of the build command.
  std::vector<std::string> options;

  std::vector<std::string> labels;

  // Gets all that Bazel prints.
  std::string log_path;

  // Gets what Bazel says it is doing, again and again.
  std::function<void(absl::string_view)> on_status;
};

// The program and start-up options that `bazelw` hands down in $GANTRY_BAZEL
// and $GANTRY_BAZEL_STARTUP_OPTIONS (one a line); without them, "bazel".
std::vector<std::string> BazelFromEnvironment();

// Builds as many of the labels as can be built.  A target that fails is no
// error here: see BuiltTarget::failure.
// INTERNAL: Bazel itself failed; the message has the end of its log.
// CANCELLED: this process got SIGINT or SIGTERM, and Bazel has stopped.
absl::StatusOr<BuildEvents> BuildWithBazel(const BazelBuildOptions& options);

// The progress in a line of Bazel's output, without what is of no interest to
// a person: "[12 / 40] Compiling modules ...; 33s".  Empty if the line has
// none.
absl::string_view ProgressOfLine(absl::string_view line);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_BAZEL_BUILD_H_
