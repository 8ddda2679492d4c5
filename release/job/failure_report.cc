#include "release/job/failure_report.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/input_file.h"
#include "base/status_macros.h"
#include "release/job/fingerprint.h"

namespace gantry::job {
namespace {

constexpr size_t kMaxReasonSize = 1000;

// In ReadLogExcerpt().
constexpr size_t kMaxOmissionLine = 100;

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

absl::string_view FirstError(const BuildFailure& failure,
                             absl::string_view log) {
  absl::string_view error = FirstLine(log);
  if (error.empty()) error = FirstLine(StarlarkError(failure.message));
  return error.empty() ? FirstLine(failure.message) : error;
}

// The stage of an action, by its mnemonic; empty for those that are none.
absl::string_view Stage(const BuildFailure& failure) {
  static const auto* const kStages =
      new std::map<absl::string_view, absl::string_view>{
          {"", "fetch"},
          {"CompileKernelModules", "compile"},
          {"FileTree", "userland"},
          {"MakeDeveloperContainer", "container"},
          {"ProveModules", "proof"},
          {"ReadDeveloperContainer", "container"},
          {"SelectPatches", "compile"},
          {"WriteImage", "image"},
          {"WriteLayer", "image"}};
  const auto found = kStages->find(failure.mnemonic);
  return found == kStages->end() ? "job" : found->second;
}

// What programs say when the machine failed, and not what they do.
bool IsOfMachine(absl::string_view text) {
  for (absl::string_view sign :
       {"No space left on device", "Cannot allocate memory", "out of memory",
        "Input/output error", "Read-only file system", "Disk quota exceeded",
        "Too many open files", "(Killed)", "(Terminated)", "Killed",
        "timed out", "did not end within"}) {
    if (absl::StrContains(text, sign)) return true;
  }
  return false;
}

release::v1::Failure MakeFailure(const BuildFailure& failure,
                                 absl::string_view log) {
  const absl::string_view stage = Stage(failure);
  const absl::string_view error = FirstError(failure, log);
  release::v1::Failure made;
  made.set_stage(std::string(stage));
  made.set_class_(stage == "fetch" || stage == "job" || IsOfMachine(log) ||
                          IsOfMachine(failure.message)
                      ? release::v1::FAILURE_CLASS_INFRASTRUCTURE
                      : release::v1::FAILURE_CLASS_DETERMINISTIC);
  made.set_fingerprint(Fingerprint(stage, error));
  made.set_reason(ReasonLine(
      absl::StrCat(failure.mnemonic.empty() ? failure.label : failure.mnemonic,
                   ": ", error)));
  return made;
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

release::v1::Failure InfrastructureFailure(absl::string_view stage,
                                           absl::string_view reason) {
  release::v1::Failure failure;
  failure.set_stage(std::string(stage));
  failure.set_class_(release::v1::FAILURE_CLASS_INFRASTRUCTURE);
  failure.set_reason(ReasonLine(reason));
  failure.set_fingerprint(Fingerprint(stage, failure.reason()));
  return failure;
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
  report.failure = MakeFailure(failure, log);
  report.log_path = JoinPath(
      directory,
      absl::StrCat(failure.mnemonic.empty() ? "fetch" : failure.mnemonic,
                   ".log"));
  GANTRY_RETURN_IF_ERROR(WriteFileAtomically(
      report.log_path,
      log.empty() ? absl::StrCat(failure.message, "\n") : log));
  return report;
}

absl::StatusOr<std::string> ReadLogExcerpt(const std::string& path,
                                           size_t max_size) {
  GANTRY_ASSIGN_OR_RETURN(const InputFile file, InputFile::Open(path));
  if (file.size() <= max_size) {
    std::string log(file.size(), '\0');
    GANTRY_RETURN_IF_ERROR(file.ReadAt(0, &log[0], log.size()));
    return log;
  }
  const size_t half = (max_size - kMaxOmissionLine) / 2;
  std::string head(half, '\0');
  std::string tail(half, '\0');
  GANTRY_RETURN_IF_ERROR(file.ReadAt(0, &head[0], half));
  GANTRY_RETURN_IF_ERROR(file.ReadAt(file.size() - half, &tail[0], half));
  const size_t line_end = head.rfind('\n');
  if (line_end == std::string::npos) {
    head.back() = '\n';
  } else {
    head.resize(line_end + 1);
  }
  const size_t line_start = tail.find('\n') + 1;
  if (line_start < tail.size()) tail.erase(0, line_start);
  return absl::StrCat(head, "[", file.size() - head.size() - tail.size(),
                      " bytes of the log are left out]\n", tail);
}

}  // namespace gantry::job
