#ifndef GANTRY_RELEASE_PLAN_SUMMARY_H_
#define GANTRY_RELEASE_PLAN_SUMMARY_H_

#include <string>

#include "absl/strings/string_view.h"
#include "proto/lock.pb.h"

namespace gantry::plan {

// The content of a lock as a table: one line for each release, driver, toolkit
// and failed channel, then the number of cells and `lock_path`.
std::string FormatSummary(const matrix::v1::Lock& lock,
                          absl::string_view lock_path);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_SUMMARY_H_
