#ifndef GANTRY_RELEASE_PLAN_RELEASE_INDEX_H_
#define GANTRY_RELEASE_PLAN_RELEASE_INDEX_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::plan {

// The versions in a release index of CoreOS or Flatcar
// (releases-<channel>.json) that are of `channel` and for amd64, from new to
// old.  A release that does not say its channel or architectures counts.
// DATA_LOSS: it is no such index.
absl::StatusOr<std::vector<std::string>> ParseReleaseIndex(
    absl::string_view json, absl::string_view channel);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_RELEASE_INDEX_H_
