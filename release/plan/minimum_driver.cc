#include "release/plan/minimum_driver.h"

#include "absl/strings/str_cat.h"
#include "base/version_order.h"

namespace gantry::plan {
namespace {

struct Minimum {
  absl::string_view cuda;  // Prefix of the toolkit version.
  absl::string_view driver;
};

constexpr Minimum kMinimums[] = {
    {"9.0", "384.81"},  {"9.1", "390.46"},  {"9.2", "396.26"},
    {"10.0", "410.48"}, {"10.1", "418.39"}, {"10.2", "440.33"},
    {"11", "450"},      {"12", "525"},      {"13", "580"},
};

}  // namespace

absl::string_view MinimumDriver(absl::string_view cuda_version) {
  for (const Minimum& minimum : kMinimums) {
    if (HasVersionPrefix(cuda_version, minimum.cuda)) return minimum.driver;
  }
  return "";
}

std::string IncompatibilityReason(absl::string_view driver_version,
                                  absl::string_view cuda_version) {
  const absl::string_view minimum = MinimumDriver(cuda_version);
  if (minimum.empty() || CompareVersions(driver_version, minimum) >= 0) {
    return "";
  }
  return absl::StrCat("CUDA ", cuda_version, " needs driver ", minimum,
                      " or newer");
}

}  // namespace gantry::plan
