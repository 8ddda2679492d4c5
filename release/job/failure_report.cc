#include "release/job/failure_report.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace gantry::job {
namespace {

constexpr size_t kMaxReasonSize = 1000;

// The error of a repository rule; empty if `message` has none.  The traceback
// ends with a line "Error in <function>: <error>", and the error may have more
// lines.
absl::string_view StarlarkError(absl::string_view message) {
  constexpr absl::string_view kError = "Error in ";
  const size_t at = message.rfind(kError);
  if (at == absl::string_view::npos) return "";
  absl::string_view error = message.substr(at + kError.size());
  error.remove_prefix(std::min(error.size(), error.find(": ") + 2));
  return error;
}

absl::string_view FirstLine(absl::string_view text) {
  text = absl::StripLeadingAsciiWhitespace(text);
  return absl::StripAsciiWhitespace(text.substr(0, text.find('\n')));
}

std::string Reason(const BuildFailure& failure, absl::string_view log) {
  absl::string_view error = FirstLine(log);
  if (error.empty()) error = FirstLine(StarlarkError(failure.message));
  if (error.empty()) error = FirstLine(failure.message);
  const absl::string_view stage =
      failure.mnemonic.empty() ? failure.label : failure.mnemonic;
  return ReasonLine(absl::StrCat(stage, ": ", error));
}

}  // namespace

std::string ReasonLine(absl::string_view text) {
  std::string line(FirstLine(text).substr(0, kMaxReasonSize));
  for (char& c : line) {
    if (c == '\t') c = ' ';
    if (!absl::ascii_isprint(c)) c = '?';
  }
  return line.empty() ? "unknown" : line;
}

absl::StatusOr<FailureReport> SaveFailureLog(const BuildFailure& failure,
                                             const std::string& directory) {
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  GANTRY_RETURN_IF_ERROR(CreateDirectories(directory));
  // Bazel may have deleted the log when it was killed.
  const std::string log =
      failure.log_path.empty() ? "" : ReadFile(failure.log_path).value_or("");
  FailureReport report;
  report.reason = Reason(failure, log);
  report.log_path = JoinPath(
      directory,
      absl::StrCat(failure.mnemonic.empty() ? "fetch" : failure.mnemonic,
                   ".log"));
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(
      report.log_path,
      log.empty() ? absl::StrCat(failure.message, "\n") : log));
  return report;
}

}  // namespace gantry::job
