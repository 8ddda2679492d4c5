#include "base/attempt_names.h"

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"

namespace gantry {

std::string OutcomeName(release::v1::AttemptOutcome outcome) {
  if (outcome == release::v1::ATTEMPT_OUTCOME_UNSPECIFIED) return "running";
  return absl::AsciiStrToLower(absl::StripPrefix(
      release::v1::AttemptOutcome_Name(outcome), "ATTEMPT_OUTCOME_"));
}

std::string FailureClassName(release::v1::FailureClass failure_class) {
  return absl::AsciiStrToLower(absl::StripPrefix(
      release::v1::FailureClass_Name(failure_class), "FAILURE_CLASS_"));
}

}  // namespace gantry
