#ifndef GANTRY_BASE_STATUS_H_
#define GANTRY_BASE_STATUS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace gantry {

// `status` with "<context>: " before its message; the code and payloads are
// kept. OK stays OK.
absl::Status Annotate(const absl::Status& status, absl::string_view context);

// The error of a failed system call: "<context>: <text of error_number>", with
// the code that absl assigns to that errno (ENOENT: NOT_FOUND, ENOSPC:
// RESOURCE_EXHAUSTED, ...).
absl::Status ErrnoStatus(int error_number, absl::string_view context);

}  // namespace gantry

#endif  // GANTRY_BASE_STATUS_H_
