#ifndef GANTRY_RELEASE_CLI_FAILURES_H_
#define GANTRY_RELEASE_CLI_FAILURES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/cell.pb.h"

namespace gantry::cli {

// Failed cells that have one cause, or cells that are blocked for one reason.
struct FailureGroup {
  bool is_blocked = false;
  // See Failure.fingerprint.  May be empty.
  std::string fingerprint;
  // That of the first cell.
  std::string reason;
  std::vector<std::string> ids;
};

// Groups failed cells by fingerprint, and blocked ones and those without a
// fingerprint by reason.  The largest groups are first; ids have the order of
// `cells`.
std::vector<FailureGroup> GroupFailures(
    const std::vector<release::v1::Cell>& cells);

// A line "count  fingerprint  reason" for each group, then its ids.  In place
// of the fingerprint, blocked cells have "blocked".
std::string FormatFailures(const std::vector<FailureGroup>& groups);

// {"failures": [{"blocked", "count", "fingerprint", "reason", "ids"}]}.
// INVALID_ARGUMENT: a string is not valid UTF-8.
absl::StatusOr<std::string> FailuresJson(
    const std::vector<FailureGroup>& groups);

}  // namespace gantry::cli

#endif  // GANTRY_RELEASE_CLI_FAILURES_H_
