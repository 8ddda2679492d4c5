#ifndef GANTRY_RELEASE_RESOLVE_VERSION_H_
#define GANTRY_RELEASE_RESOLVE_VERSION_H_

#include "absl/strings/string_view.h"

namespace gantry {

// Negative, 0 or positive as version `a` is older than, equal to or newer than
// `b`.  Versions are compared part by part (parts end at ".", "-" and "+"),
// numbers as numbers of any length, other parts as text and before numbers; a
// version that goes on is newer: 535.54.03 < 535.261.03, 12.4 < 12.10,
// 12.4 < 12.4.1.
int CompareVersions(absl::string_view a, absl::string_view b);

// Whether the version starts with the wish, in whole parts: "12.1" fits
// "12.1.3" but not "12.10".  An empty wish fits all.
bool VersionFits(absl::string_view version, absl::string_view wish);

}  // namespace gantry

#endif  // GANTRY_RELEASE_RESOLVE_VERSION_H_
