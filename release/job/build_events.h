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
  // File with the action's standard error; empty if there is none.
  std::string log_path;
  // Bazel's own words.
  std::string message;
};

struct BuiltTarget {
  // Absolute paths; empty unless built.
  std::vector<std::string> outputs;
  // Unset if built.
  absl::optional<BuildFailure> failure;
};

// What a Bazel command did, by the Build Event Protocol
// (bazel.build/remote/bep: build_event_stream.proto in its JSON form, as
// --build_event_json_file writes it).
struct BuildEvents {
  // Folder that paths of actions are relative to.
  std::string execution_root;
  // By label as given on the command line.
  std::map<std::string, BuiltTarget> targets;
  // True if Bazel came to its regular end.
  bool finished = false;
};

// Reads the events, one JSON object a line.  A last line without line end is
// left out: Bazel was killed while writing it.  INVALID_ARGUMENT names the line
// that is not an event.
absl::StatusOr<BuildEvents> ParseBuildEvents(absl::string_view json_lines);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_BUILD_EVENTS_H_
