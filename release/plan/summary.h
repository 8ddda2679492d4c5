#ifndef GANTRY_RELEASE_PLAN_SUMMARY_H_
#define GANTRY_RELEASE_PLAN_SUMMARY_H_

#include <string>

#include "absl/strings/string_view.h"
#include "proto/lock.pb.h"

namespace gantry::plan {

// What a lock holds, for people: a line for each release, driver and toolkit,
// and one for the cells.  `lock_path` is named last.
std::string TextSummary(const matrix::v1::Lock& lock,
                        absl::string_view lock_path);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_SUMMARY_H_
