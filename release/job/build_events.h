#ifndef GANTRY_RELEASE_JOB_BUILD_EVENTS_H_
#define GANTRY_RELEASE_JOB_BUILD_EVENTS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace gantry::job {

// Why a target was not built.
struct BuildFailure {
  // Target whose action or repository failed.
  std::string label;
  // Mnemonic of the action; empty if a repository could not be fetched.
  std::string mnemonic;
  // File with the action's standard error; may be empty.
  std::string log_path;
  // Bazel's message.
  std::string message;
};

struct BuiltTarget {
  // Absolute paths by output group, sorted.  Only the groups that were
  // requested; empty unless built.
  std::map<std::string, std::vector<std::string>> output_groups;
  // Unset if built.
  absl::optional<BuildFailure> failure;
};

// Outcome of a Bazel command, from its Build Event Protocol
// (bazel.build/remote/bep).
struct BuildEvents {
  // Directory that paths of actions are relative to.
  std::string execution_root;
  // By label as given on the command line.
  std::map<std::string, BuiltTarget> targets;
  // False if Bazel was killed or crashed.
  bool finished = false;
};

// Reads a file that Bazel writes with --build_event_binary_file and
// --nobuild_event_binary_file_path_conversion: build_event_stream.BuildEvent
// messages, each after its length as a varint.  Ignores an incomplete last
// event, which a killed Bazel leaves.  INVALID_ARGUMENT names the event that
// does not parse.
absl::StatusOr<BuildEvents> ParseBuildEvents(absl::string_view delimited);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_BUILD_EVENTS_H_
