#include "release/service/resolve/gpu.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/optional.h"

namespace gantry::service {
namespace {

constexpr uint16_t kFirstMaxwell = 0x1340;
constexpr uint16_t kFirstTuring = 0x1e00;
constexpr uint16_t kFirstBlackwell = 0x2900;

// The first number of a version; "535.261.03" is of branch 535.  Nullopt if
// the version does not start with a number.
absl::optional<uint32_t> Branch(absl::string_view version) {
  uint32_t branch = 0;
  if (!absl::SimpleAtoi(version.substr(0, version.find('.')), &branch)) {
    return absl::nullopt;
  }
  return branch;
}

bool IsAfter(absl::string_view version, uint32_t last) {
  const absl::optional<uint32_t> branch = Branch(version);
  return branch.has_value() && *branch > last;
}

bool IsBefore(absl::string_view version, uint32_t first) {
  const absl::optional<uint32_t> branch = Branch(version);
  return branch.has_value() && *branch < first;
}

// For GPUs from Maxwell to Volta.
std::string UnsupportedVoltaReason(uint16_t device_id,
                                   const cell::v1::CellCoordinates& payload) {
  std::string limit;
  if (payload.flavour() == cell::v1::DRIVER_FLAVOUR_OPEN) {
    limit = absl::StrFormat(
        "the open kernel modules support Turing (0x%04x) and newer",
        kFirstTuring);
  } else if (IsAfter(payload.version(), 580)) {
    limit = "driver 580 is the last that supports it";
  } else if (IsAfter(payload.cuda_version(), 12)) {
    limit = "CUDA 12 is the last that supports it";
  } else {
    return "";
  }
  return absl::StrFormat(
      "GPU 0x%04x is of a generation from Maxwell to Volta, and %s", device_id,
      limit);
}

std::string UnsupportedBlackwellReason(
    uint16_t device_id, const cell::v1::CellCoordinates& payload) {
  std::string limit;
  if (payload.flavour() != cell::v1::DRIVER_FLAVOUR_OPEN) {
    limit = "needs the open kernel modules";
  } else if (IsBefore(payload.version(), 570)) {
    limit = "needs driver 570 or newer";
  } else {
    return "";
  }
  return absl::StrFormat("GPU 0x%04x is of Blackwell or newer and %s",
                         device_id, limit);
}

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
                                 const cell::v1::CellCoordinates& payload) {
  if (payload.flavour() == cell::v1::DRIVER_FLAVOUR_UNSPECIFIED) return "";
  if (device_id < kFirstMaxwell) {
    return absl::StrFormat(
        "GPU 0x%04x is older than Maxwell, the first generation that the "
        "driver "
        "supports",
        device_id);
  }
  if (device_id < kFirstTuring) {
    return UnsupportedVoltaReason(device_id, payload);
  }
  if (device_id >= kFirstBlackwell) {
    return UnsupportedBlackwellReason(device_id, payload);
  }
  return "";
}

}  // namespace gantry::service
