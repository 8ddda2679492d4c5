#ifndef GANTRY_RELEASE_PLAN_MINIMUM_DRIVER_H_
#define GANTRY_RELEASE_PLAN_MINIMUM_DRIVER_H_

#include <string>

#include "absl/strings/string_view.h"

namespace gantry::plan {

// The oldest driver for programs of a CUDA toolkit on Linux; empty for an
// unknown toolkit.  Since CUDA 11 it depends only on the major version
// (minor-version compatibility); older toolkits have exact minimums.
//
// Source: NVIDIA, "CUDA Toolkit Release Notes", tables "CUDA Toolkit and
// Corresponding Driver Versions" and "CUDA Toolkit and Minimum Required Driver
// Version for CUDA Minor Version Compatibility".
absl::string_view MinimumDriver(absl::string_view cuda_version);

// Why programs of the toolkit cannot run on the driver; empty if they can.
std::string IncompatibilityReason(absl::string_view driver_version,
                                  absl::string_view cuda_version);

}  // namespace gantry::plan

#endif  // GANTRY_RELEASE_PLAN_MINIMUM_DRIVER_H_
