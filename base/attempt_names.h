#ifndef GANTRY_BASE_ATTEMPT_NAMES_H_
#define GANTRY_BASE_ATTEMPT_NAMES_H_

#include <string>

#include "proto/attempt.pb.h"

namespace gantry {

// The name of an outcome in output: "built" for ATTEMPT_OUTCOME_BUILT, and
// "running" for ATTEMPT_OUTCOME_UNSPECIFIED.
std::string OutcomeName(release::v1::AttemptOutcome outcome);

// The name of a class in output: "deterministic" for
// FAILURE_CLASS_DETERMINISTIC.
std::string FailureClassName(release::v1::FailureClass failure_class);

}  // namespace gantry

#endif  // GANTRY_BASE_ATTEMPT_NAMES_H_
