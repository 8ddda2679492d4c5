#ifndef GANTRY_BASE_VERSION_ORDER_H_
#define GANTRY_BASE_VERSION_ORDER_H_

#include "absl/strings/string_view.h"

namespace gantry {

// Less than, equal to or greater than 0 as `a` is older than, as new as or
// newer than `b`, in the order of Debian policy 5.6.12 ("Version"), which is
// the usual one for dotted numbers too: 6.9 < 6.12 < 6.12.1.
int CompareVersions(absl::string_view a, absl::string_view b);

// The part of a Debian version that the upstream author gave: without epoch
// and Debian revision.  Example: "535.261.03" of "1:535.261.03-1~deb12u1".
absl::string_view UpstreamVersion(absl::string_view debian_version);

// Whether `version` is `branch` or lies below it: "535.261.03" is of the
// branches "535" and "535.261", not of "53".  All are of the empty branch.
bool IsOfBranch(absl::string_view version, absl::string_view branch);

}  // namespace gantry

#endif  // GANTRY_BASE_VERSION_ORDER_H_
