#ifndef GANTRY_BASE_FAILURE_GROUPS_H_
#define GANTRY_BASE_FAILURE_GROUPS_H_

#include <string>
#include <vector>

#include "proto/cell.pb.h"

namespace gantry {

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

}  // namespace gantry

#endif  // GANTRY_BASE_FAILURE_GROUPS_H_
