#include "release/service/resolve/gpu.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace gantry::service {
namespace {

constexpr uint16_t kFirstMaxwell = 0x1340;
constexpr uint16_t kFirstTuring = 0x1e00;

}  // namespace

absl::StatusOr<uint16_t> ParsePciDeviceId(absl::string_view text) {
  absl::string_view digits = text;
  if (absl::StartsWithIgnoreCase(digits, "0x")) digits.remove_prefix(2);
  uint32_t id = 0;
  if (digits.size() > 4 ||
      !std::all_of(digits.begin(), digits.end(),
                   [](char c) { return absl::ascii_isxdigit(c); }) ||
      !absl::SimpleHexAtoi(digits, &id)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", text, "\" is not a PCI device ID such as \"0x20b0\""));
  }
  return static_cast<uint16_t>(id);
}

std::string UnsupportedGpuReason(uint16_t device_id,
                                 cell::v1::DriverFlavour flavour) {
  if (device_id < kFirstMaxwell &&
      flavour != cell::v1::DRIVER_FLAVOUR_UNSPECIFIED) {
    return absl::StrFormat(
        "GPU 0x%04x is older than Maxwell, the first generation that the "
        "driver "
        "supports",
        device_id);
  }
  if (device_id < kFirstTuring && flavour == cell::v1::DRIVER_FLAVOUR_OPEN) {
    return absl::StrFormat(
        "GPU 0x%04x is of a generation from Maxwell to Volta, and the open "
        "kernel modules support Turing (0x%04x) and newer",
        device_id, kFirstTuring);
  }
  return "";
}

}  // namespace gantry::service
