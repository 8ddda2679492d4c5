#ifndef GANTRY_RELEASE_JOB_FAILURE_REPORT_H_
#define GANTRY_RELEASE_JOB_FAILURE_REPORT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "release/job/build_events.h"

namespace gantry::job {

// A failure as it is recorded and shown.
struct FailureReport {
  // One line.  Example: "CompileKernelModules: nv-pci.c:1:2: error: ...".
  std::string reason;
  // Absolute path of the log that was kept.
  std::string log_path;
};

// `text` as the service takes reasons: its first line that is not blank, of
// printable ASCII ("?" stands for the rest), at most 1000 characters.
// "unknown" if there is none.
std::string ReasonLine(absl::string_view text);

// Keeps the failure's log in the folder, which is emptied first: Bazel's own
// copy goes with its next command.  The first line of the log is the reason,
// for Gantry's tools begin with what went wrong.
absl::StatusOr<FailureReport> KeepFailure(const BuildFailure& failure,
                                          const std::string& folder);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_FAILURE_REPORT_H_
