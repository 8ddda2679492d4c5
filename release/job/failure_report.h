#ifndef GANTRY_RELEASE_JOB_FAILURE_REPORT_H_
#define GANTRY_RELEASE_JOB_FAILURE_REPORT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "release/job/build_events.h"

namespace gantry::job {

// What is recorded of a failed build.
struct FailureReport {
  // One line.  Example: "CompileKernelModules: nv-pci.c:1:2: error: ...".
  std::string reason;
  // Path of the saved log.
  std::string log_path;
};

// The first line of `text` that is not blank, in a form that the release
// service accepts as a reason: at most 1,000 characters of printable ASCII,
// with "?" for other characters.  "unknown" if all lines are blank.
std::string ReasonLine(absl::string_view text);

// Saves the log of the failure in `directory`, after removing what is there:
// Bazel's next command deletes its copy.  The reason is the first line of the
// log, because Gantry's tools print their error first.
absl::StatusOr<FailureReport> SaveFailureLog(const BuildFailure& failure,
                                             const std::string& directory);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_FAILURE_REPORT_H_
