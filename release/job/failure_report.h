#ifndef GANTRY_RELEASE_JOB_FAILURE_REPORT_H_
#define GANTRY_RELEASE_JOB_FAILURE_REPORT_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/attempt.pb.h"
#include "release/job/build_events.h"

namespace gantry::job {

// What is recorded of a failed build.
struct FailureReport {
  // Complete.  Its reason is for example "CompileKernelModules: nv-pci.c:1:2:
  // error: ...".
  release::v1::Failure failure;
  // Path of the saved log.
  std::string log_path;
};

// The first line of `text` that is not blank, in a form that the release
// service accepts as a reason: at most 1,000 characters of printable ASCII,
// with "?" for other characters.  "unknown" if all lines are blank.
std::string ReasonLine(absl::string_view text);

// A failure of the infrastructure; `reason` may have any form.
release::v1::Failure InfrastructureFailure(absl::string_view stage,
                                           absl::string_view reason);

// Saves the log of the failure in `directory`, after removing what is there:
// Bazel's next command deletes its copy.  The reason is the first line of the
// log, because Gantry's tools print their error first.
//
// A failure of one of Gantry's stages is deterministic, unless its log says
// that the machine failed: memory, disk, time or a signal.  Others are failures
// of the infrastructure: of downloads, or of Gantry's own compile.
absl::StatusOr<FailureReport> SaveFailureLog(const BuildFailure& failure,
                                             const std::string& directory);

// The limit of FailAttemptRequest.log.
inline constexpr size_t kMaxSentLog = size_t{1} << 20;

// What is sent of the log in this file: all of it, or of a longer one its
// beginning and its end, which begin and end with whole lines where possible,
// with a line between them that says how many bytes were left out.  At most
// `max_size` bytes, which must be at least 1,024.
absl::StatusOr<std::string> ReadLogExcerpt(const std::string& path,
                                           size_t max_size = kMaxSentLog);

}  // namespace gantry::job

#endif  // GANTRY_RELEASE_JOB_FAILURE_REPORT_H_
