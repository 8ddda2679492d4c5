#ifndef GANTRY_RELEASE_PLAN_RELEASE_INDEX_H_
#define GANTRY_RELEASE_PLAN_RELEASE_INDEX_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gantry::plan {

// The versions of a channel for amd64 in a release index of CoreOS or Flatcar
// (releases-<channel>.json), from new to old.  Releases without a channel or
// architectures match.  DATA_LOSS: not a valid index.
absl::StatusOr<std::vector<std::string>> ParseReleaseIndex(
    absl::string_view json, absl::string_view channel);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_RELEASE_INDEX_H_
