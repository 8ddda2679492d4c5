#ifndef GANTRY_BASE_VERSION_ORDER_H_
#define GANTRY_BASE_VERSION_ORDER_H_

#include "absl/strings/string_view.h"

namespace gantry {

// Compares two versions in the order of Debian policy 5.6.12 ("Version"), which
// also suits dotted numbers: 6.9 < 6.12 < 6.12.1.  Returns less than, equal to
// or greater than 0 if `a` is older than, as old as or newer than `b`.
int CompareVersions(absl::string_view a, absl::string_view b);

// The upstream part of a Debian version, without epoch and Debian revision.
// Example: "535.261.03" of "1:535.261.03-1~deb12u1".
absl::string_view UpstreamVersion(absl::string_view debian_version);

// Whether the first components of `version` are those of `prefix`: "535.261.03"
// has the prefixes "535" and "535.261", but not "53".  Every version has the
// empty prefix.
bool HasVersionPrefix(absl::string_view version, absl::string_view prefix);

}  // namespace gantry

#endif  // GANTRY_BASE_VERSION_ORDER_H_
