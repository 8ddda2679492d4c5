#ifndef GANTRY_RELEASE_CLI_FAILURES_H_
#define GANTRY_RELEASE_CLI_FAILURES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/cell.pb.h"

namespace gantry::cli {

// Failed cells that have one cause.
struct FailureGroup {
  // See Failure.fingerprint.  May be empty.
  std::string fingerprint;
  // That of the first cell.
  std::string reason;
  std::vector<std::string> ids;
};

// Groups failed cells by fingerprint, and those without one by reason.  The
// largest groups are first; ids have the order of `cells`.
std::vector<FailureGroup> GroupFailures(
    const std::vector<release::v1::Cell>& cells);

// A line "count  fingerprint  reason" for each group, then its ids.
std::string FormatFailures(const std::vector<FailureGroup>& groups);

// {"failures": [{"count", "fingerprint", "reason", "ids"}]}.
// INVALID_ARGUMENT: a string is not valid UTF-8.
absl::StatusOr<std::string> FailuresJson(
    const std::vector<FailureGroup>& groups);

}  // namespace gantry::cli

#endif  // GANTRY_RELEASE_CLI_FAILURES_H_
