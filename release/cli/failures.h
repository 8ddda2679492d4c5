#ifndef GANTRY_RELEASE_CLI_FAILURES_H_
#define GANTRY_RELEASE_CLI_FAILURES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/failure_groups.h"

namespace gantry::cli {

// A line "count  fingerprint  reason" for each group, then its ids.  In place
// of the fingerprint, blocked cells have "blocked".
std::string FormatFailures(const std::vector<FailureGroup>& groups);

// {"failures": [{"blocked", "count", "fingerprint", "reason", "ids"}]}.
// INVALID_ARGUMENT: a string is not valid UTF-8.
absl::StatusOr<std::string> FailuresJson(
    const std::vector<FailureGroup>& groups);

}  // namespace gantry::cli

#endif  // GANTRY_RELEASE_CLI_FAILURES_H_
